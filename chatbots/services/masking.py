"""What may be shown and kept of a secret: that it is there, and how it ends."""

import re
from typing import Any

from pydantic import SecretStr

from chatbots.caigunn import ChatbotInfo

SECRET_FIELDS = ("api_key", "opentalk_api_token")
HIDDEN = "••••••••"
_SECRET_NAME = re.compile(
    r"token|key|secret|passw|pwd|credential|signature|authorization|bearer", re.IGNORECASE
)
_LONG_ENOUGH = 16  # of a shorter secret, four characters would tell too much


def last4(secret: SecretStr | None) -> str:
    """The last four characters of a long secret, else nothing."""
    text = secret.get_secret_value() if secret else ""
    return text[-4:] if len(text) >= _LONG_ENOUGH else ""


def without_secrets(value: Any, name: str = "", *, secrets: tuple[str, ...] = ()) -> Any:
    """JSON from outside with every value hidden whose name sounds like a secret's, and all that
    stands below such a name; and with these secrets cut out of every text."""
    is_secret = bool(_SECRET_NAME.search(name))
    if isinstance(value, dict):
        return {
            str(key): without_secrets(item, name if is_secret else str(key), secrets=secrets)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item, name, secrets=secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            # A short one could be part of any word.
            value = value.replace(secret, HIDDEN) if len(secret) >= _LONG_ENOUGH else value
    return HIDDEN if is_secret and value not in (None, "", False) else value


def cut(value: Any, info: ChatbotInfo) -> Any:
    """A value with the chatbot's own secrets cut out of it: what may be written down of it."""
    found = (getattr(info, name) for name in SECRET_FIELDS)
    secrets = tuple(one.get_secret_value() for one in found if isinstance(one, SecretStr))
    return without_secrets(value, secrets=secrets)


def fits(kept: Any, value: Any) -> bool:
    """Whether a value may be the one that was written down with secrets cut out of it."""
    if isinstance(kept, str) and isinstance(value, str) and HIDDEN in kept:
        return re.fullmatch(".+".join(map(re.escape, kept.split(HIDDEN))), value, re.S) is not None
    if isinstance(kept, dict) and isinstance(value, dict):
        return kept.keys() == value.keys() and all(fits(kept[key], value[key]) for key in kept)
    if isinstance(kept, list) and isinstance(value, list):
        return len(kept) == len(value) and all(map(fits, kept, value))
    return bool(kept == value)
