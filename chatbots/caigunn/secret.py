"""What may be sent as a secret header, and how secrets are kept out of text."""

import re
from collections.abc import Iterable

from pydantic import SecretStr

_HEADER_SECRET = re.compile(r"[\x21-\x7e]{1,4096}")
HIDDEN = "[hidden]"


def is_usable_secret(value: str) -> bool:
    """Whether the value can be a token or an API key: 1 to 4,096 visible ASCII characters."""
    return _HEADER_SECRET.fullmatch(value) is not None


def usable_secret(value: str, name: str) -> SecretStr:
    """The value, wrapped. Raises a ValueError that names the kind of secret and never the value."""
    if not is_usable_secret(value):
        raise ValueError(f"The {name} must be 1 to 4,096 visible ASCII characters without spaces.")
    return SecretStr(value)


def without_secrets(text: str, secrets: Iterable[SecretStr]) -> str:
    for secret in secrets:
        text = text.replace(secret.get_secret_value(), HIDDEN)
    return text
