"""Sealing: what access tokens look like at rest.

A sealed value is `v1.<key id>.<base64url(nonce + ciphertext)>`, AES-256-GCM. The context (which
record, which field) is bound in as associated data, so that a value moved to another row or
field does not open. There is no transparent model field: whoever wants the text calls `open`.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE_BYTES = 12
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# What seals while DEBUG is on and no key is set: everybody knows it.
DEVELOPMENT_KEYS: str = f"development:{'A' * 43}="


class SealError(Exception):
    """A value does not open, or the keys are malformed. Names no secret."""


class KeyRing:
    """The keys of this installation: the first seals, all open."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """The ring written as `id:key,id:key`. Raises SealError, naming the entry by its place."""
        keys: dict[str, bytes] = {}
        for place, entry in enumerate((part for part in text.split(",") if part.strip()), start=1):
            key_id, _, encoded = entry.strip().partition(":")
            if not KEY_ID.fullmatch(key_id):
                raise SealError(f"TOKEN_KEYS: entry {place} has no usable id (id:key,…).")
            if key_id in keys:
                raise SealError(f"TOKEN_KEYS: the id {key_id} stands there twice.")
            try:
                key = base64.b64decode(encoded, altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != 32:
                raise SealError(
                    f"TOKEN_KEYS: the key {key_id} is not 32 bytes in URL-safe base64; "
                    "`manage.py make_token_key` prints one."
                )
            keys[key_id] = key
        if not keys:
            raise SealError("TOKEN_KEYS holds no key; `manage.py make_token_key` prints one.")
        return cls(keys)

    @property
    def first(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._keys))

    def shares_key_with(self, other: "KeyRing") -> bool:
        """Whether a key of this ring is one of the other's too, under whatever id."""
        return not set(self._keys.values()).isdisjoint(other._keys.values())  # noqa: SLF001

    def seal(self, text: str, context: str) -> str:
        """`text` sealed with the first key, to be opened with the same `context` only."""
        key_id = self.first
        nonce = os.urandom(NONCE_BYTES)
        box = AESGCM(self._keys[key_id]).encrypt(nonce, text.encode(), _bound(key_id, context))
        return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """The text. Raises SealError if the key is missing, or value or context was changed."""
        version, _, rest = sealed.partition(".")
        key_id, _, encoded = rest.partition(".")
        if version != VERSION or not encoded:
            raise SealError("This is not a sealed value.")
        if key_id not in self._keys:
            raise SealError(f"TOKEN_KEYS has no key {key_id}, which sealed this value.")
        try:
            box = base64.urlsafe_b64decode(encoded)
            text = AESGCM(self._keys[key_id]).decrypt(
                box[:NONCE_BYTES], box[NONCE_BYTES:], _bound(key_id, context)
            )
            return text.decode()
        except (InvalidTag, ValueError):
            raise SealError(
                f"The key {key_id} does not open this value: another key, or a changed value."
            ) from None

    def fingerprint(self, text: str) -> str:
        """What `text` is looked up by: an HMAC under the first key."""
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[str]:
        """The HMAC under each key, the first key's first."""
        return [
            hmac.new(_fingerprint_key(key), text.encode(), hashlib.sha256).hexdigest()
            for key in self._keys.values()
        ]


def _bound(key_id: str, context: str) -> bytes:
    return f"{VERSION}|{key_id}|{context}".encode()


def _fingerprint_key(key: bytes) -> bytes:
    return hmac.new(key, b"fingerprint of an access token", hashlib.sha256).digest()


@lru_cache(maxsize=4)
def _parsed(text: str) -> KeyRing:
    return KeyRing.parse(text)


def ring() -> KeyRing:
    """The ring of TOKEN_KEYS. Raises SealError if it is malformed."""
    return _parsed(settings.TOKEN_KEYS)


def why_unusable(text: str, *, is_development: bool) -> str | None:
    """Why nothing can be served with these TOKEN_KEYS, in one line that shows no key; None if it
    can. The keys of development are for that alone."""
    try:
        ring_of_text = KeyRing.parse(text)
    except SealError as error:
        return str(error)
    if not is_development and ring_of_text.shares_key_with(KeyRing.parse(DEVELOPMENT_KEYS)):
        return (
            "TOKEN_KEYS holds the key of development, which everybody knows; "
            "`manage.py make_token_key` prints another."
        )
    return None


def key_id_of(sealed: str) -> str:
    """The id of the key that a value names as the one that sealed it; empty if it is no seal."""
    version, _, rest = sealed.partition(".")
    key_id, _, encoded = rest.partition(".")
    return key_id if version == VERSION and encoded and KEY_ID.fullmatch(key_id) else ""


def make_key() -> str:
    """A new key, as TOKEN_KEYS takes it: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()
