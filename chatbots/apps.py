from django.apps import AppConfig


class ChatbotsConfig(AppConfig):
    """Plans, chatbots, webhooks, and the token that reaches them."""

    name = "chatbots"

    def ready(self) -> None:
        from chatbots import checks, sealed_mfa  # noqa: F401, PLC0415 - connect their receivers
        from chatbots.services import leaving  # noqa: F401, PLC0415 - connects the receiver
