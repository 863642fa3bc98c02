"""The addresses of a person's own account, beside django-allauth's."""

from django.urls import path

from caigunn_admin.team import views

urlpatterns = [
    path("invitation/<str:key>/", views.invitation, name="invitation"),
    path("keyboard/", views.keyboard, name="keyboard"),
    path("preferences/", views.preferences, name="preferences"),
    path("sessions/", views.sessions, name="sessions"),
]
