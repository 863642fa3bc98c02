"""What may be shown and kept of a secret: that it is there, and how it ends."""

import re
from typing import Any

from pydantic import SecretStr

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
