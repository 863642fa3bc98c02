"""Two-factor secrets at rest: sealed as access tokens are, each for its own row (reliability §1).

django-allauth gives its adapter the text alone. So a seal that is read with its row is told, when
the row is made or read, whose it is; one that comes without a row does not open.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_init

from caigunn_admin.team.adapter import TeamMFAAdapter
from chatbots import vault

# What a row holds sealed: the secret of TOTP, the seed of recovery codes.
NAMES = ("secret", "seed")
_NO_ROW_YET = "two_factor|new"


class _New(str):
    """A seal that has no row yet."""

    __slots__ = ()


class _OfRow(str):
    """A seal that knows what it is bound to."""

    context: str


def context_of(row: Authenticator, name: str) -> str:
    """What a seal of this row is bound to."""
    return f"two_factor|{row.user_id}|{row.type}|{name}"


class SealedMFAAdapter(TeamMFAAdapter):
    """django-allauth asks it to seal what it would store in clear."""

    def encrypt(self, text: str) -> str:
        return _New(vault.ring().seal(text, _NO_ROW_YET))

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed. Raises vault.SealError."""
        context = encrypted_text.context if isinstance(encrypted_text, _OfRow) else ""
        return vault.ring().open(encrypted_text, context)


def _bind(instance: Authenticator, **_: Any) -> None:
    """Seal what is new for its row, and tell what was read whose it is."""
    data = instance.__dict__.get("data")
    for name in NAMES:
        if not isinstance(data, dict) or not isinstance(sealed := data.get(name), str):
            continue
        context = context_of(instance, name)
        if isinstance(sealed, _New):
            sealed = vault.ring().seal(vault.ring().open(sealed, _NO_ROW_YET), context)
        data[name] = bound = _OfRow(sealed)
        bound.context = context


post_init.connect(_bind, sender=Authenticator)
