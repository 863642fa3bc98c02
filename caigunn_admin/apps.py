from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class SiteConfig(AppConfig):
    """The site itself: its checks and its errors."""

    name = "caigunn_admin"
    label = "site"

    def ready(self) -> None:
        from caigunn_admin import checks  # noqa: F401, PLC0415 - registers the checks


class SiteFilesConfig(StaticFilesConfig):
    """Static files, without the pictures of the README's guide: no page shows them."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "guide"]  # noqa: RUF012 - as Django has it
