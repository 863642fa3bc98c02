"""All addresses of the site."""

from django.conf import settings
from django.urls import include, path

from caigunn_admin import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/", include("caigunn_admin.team.urls")),
    path("", include("chatbots.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("", include("chatbots.urls_in_debug")))

handler400 = "caigunn_admin.errors.bad_request"
handler403 = "caigunn_admin.errors.forbidden"
handler404 = "caigunn_admin.errors.not_found"
handler429 = "caigunn_admin.errors.too_many_requests"  # django-allauth looks for it
handler500 = "caigunn_admin.errors.server_error"
