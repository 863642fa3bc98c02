"""The page to compare with: what Django, requests and a template alone make of the same list.

A WSGI application of its own: signed in by a database session, one pooled call to Caigunn, a
table, gzip. `python -m tests.bench.bare` makes its database and prints a session's key.
"""

import os
from pathlib import Path
from typing import Any

import django
import requests  # noqa: TID251 - the plain way is what is measured here
import requests.adapters  # noqa: TID251
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

TEMPLATE = """{% load django_htmx %}<!DOCTYPE html><html lang="en"><head><title>Chatbots</title>
{% htmx_script %}</head><body><p>{{ user.username }}</p><table><tbody>{% for row in chatbots %}<tr>
<th><a href="{% url 'chatbot' row.id %}">{{ row.title }}</a> <code>{{ row.id }}</code></th>
<td hx-get="{% url 'chatbot' row.id %}" hx-trigger="load"></td><td>{{ row.api_key|slice:"-4:" }}
<form method="post" action="{% url 'chatbot' row.id %}">{% csrf_token %}<button>Reveal</button>
</form></td></tr>{% endfor %}</tbody></table></body></html>"""

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


def _configure() -> None:
    settings.configure(
        SECRET_KEY="bare" * 20,
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        STATIC_URL="static/",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django_htmx",
        ],
        MIDDLEWARE=MIDDLEWARE,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["BARE_DATABASE"],
                "CONN_MAX_AGE": None,
                "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL;"},
            }
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": PROCESSORS,
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [("django.template.loaders.locmem.Loader", {"list.html": TEMPLATE})],
                        )
                    ],
                },
            }
        ],
    )
    django.setup()


if not settings.configured:
    _configure()

from django.contrib.auth.decorators import login_required  # noqa: E402 - they need the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.shortcuts import render  # noqa: E402

_session = requests.Session()
_session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))


@login_required
def chatbots(request: HttpRequest) -> HttpResponse:
    """The table."""
    answer = _session.get(
        f"{os.environ['BARE_CAIGUNN']}/api/external/user/chatbot",
        params={"offset": "0", "limit": "30"},
        headers={"caigunn-access-token": os.environ["BARE_TOKEN"]},
        timeout=10,
    )
    answer.raise_for_status()
    return render(request, "list.html", {"chatbots": answer.json()["chatbots"]})


def ready(request: HttpRequest, chatbot_id: str = "") -> HttpResponse:
    """Something to link to, and to wait for."""
    return HttpResponse("ready")


urlpatterns = [
    path("readyz", ready),
    path("chatbots/", chatbots),
    path("chatbots/<str:chatbot_id>/", ready, name="chatbot"),
]
application: Any = get_wsgi_application()


def _prepare() -> str:
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    Path(os.environ["BARE_DATABASE"]).unlink(missing_ok=True)
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("somebody")
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    print(_prepare())  # noqa: T201 - read by the benchmark
