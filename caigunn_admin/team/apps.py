from django.apps import AppConfig


class TeamConfig(AppConfig):
    """Who may sign in, and what they may do."""

    name = "caigunn_admin.team"
    label = "team"

    def ready(self) -> None:
        from caigunn_admin.team import signals  # noqa: F401, PLC0415 - connects the receivers
