from django.apps import AppConfig


class TeamConfig(AppConfig):
    """Who may sign in, and what they may do."""

    name = "caigunn_admin.team"
    label = "team"
