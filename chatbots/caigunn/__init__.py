"""The client of the Caigunn API. Knows nothing of Django."""

from .client import CaigunnClient
from .deadline import Deadline
from .encoding import SettingsUpdate, UploadedImage
from .errors import (
    CaigunnError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenRejected,
    Unavailable,
    UnexpectedAnswer,
)
from .records import (
    ChatbotInfo,
    ChatbotSummary,
    CreatedChatbot,
    Model,
    ModelRef,
    Page,
    Plan,
    is_chatbot_id,
)
from .secret import is_usable_secret
from .transport import Answer, Call, Transport, TransportSettings

__all__ = [
    "Answer",
    "CaigunnClient",
    "CaigunnError",
    "Call",
    "ChatbotInfo",
    "ChatbotSummary",
    "CreatedChatbot",
    "Deadline",
    "Forbidden",
    "Model",
    "ModelRef",
    "NotFound",
    "OutcomeUnknown",
    "Page",
    "Plan",
    "RateLimited",
    "Rejected",
    "SettingsUpdate",
    "TokenRejected",
    "Transport",
    "TransportSettings",
    "Unavailable",
    "UnexpectedAnswer",
    "UploadedImage",
    "is_chatbot_id",
    "is_usable_secret",
]
