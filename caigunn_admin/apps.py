from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The site itself: its checks and its errors."""

    name = "caigunn_admin"
    label = "site"

    def ready(self) -> None:
        from caigunn_admin import checks  # noqa: F401, PLC0415 - registers the checks
