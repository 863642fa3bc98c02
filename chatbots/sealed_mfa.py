"""Two-factor secrets at rest: sealed as access tokens are (reliability §1)."""

from caigunn_admin.team.adapter import TeamMFAAdapter
from chatbots import vault

MFA_CONTEXT = "two_factor_secret"


def seal(text: str) -> str:
    """A TOTP secret, or the seed of recovery codes, sealed with the first of TOKEN_KEYS."""
    return vault.ring().seal(text, MFA_CONTEXT)


def unseal(sealed: str) -> str:
    """What was sealed. Raises vault.SealError."""
    return vault.ring().open(sealed, MFA_CONTEXT)


class SealedMFAAdapter(TeamMFAAdapter):
    """django-allauth asks it to seal what it would store in clear."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
