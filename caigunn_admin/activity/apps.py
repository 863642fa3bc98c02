from django.apps import AppConfig


class ActivityConfig(AppConfig):
    """Every write a member asked for: who, what, before, after, outcome."""

    name = "caigunn_admin.activity"
    label = "activity"
