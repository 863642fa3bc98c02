"""What may be shown and kept of a secret: that it is there, and how it ends."""

import re
from typing import Any

from pydantic import SecretStr

SECRET_FIELDS = ("api_key", "opentalk_api_token")
HIDDEN = "••••••••"
_SECRET_NAME = re.compile(r"token|key|secret|passw|credential|signature", re.IGNORECASE)
_LONG_ENOUGH = 16  # of a shorter secret, four characters would tell too much


def last4(secret: SecretStr | None) -> str:
    """The last four characters of a long secret, else nothing."""
    text = secret.get_secret_value() if secret else ""
    return text[-4:] if len(text) >= _LONG_ENOUGH else ""


def without_secrets(value: Any, name: str = "") -> Any:
    """JSON from outside with every value hidden whose name sounds like a secret's."""
    if isinstance(value, dict):
        return {str(key): without_secrets(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, name) for item in value]
    is_secret = bool(_SECRET_NAME.search(name)) and value not in (None, "", False)
    return HIDDEN if is_secret else value
