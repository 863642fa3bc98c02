from django.apps import AppConfig


class ChatbotsConfig(AppConfig):
    """Plans, chatbots, webhooks, and the token that reaches them."""

    name = "chatbots"

    def ready(self) -> None:
        from chatbots import checks  # noqa: F401, PLC0415 - registers the checks
        from chatbots.services import leaving  # noqa: F401, PLC0415 - connects the receiver
