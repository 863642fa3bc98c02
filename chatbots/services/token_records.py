"""The records of access tokens: sealed, found by fingerprint, shared (reliability §1)."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from chatbots import vault
from chatbots.models import AccessToken, Connection
from chatbots.services.access import NotConnected


def record_of(token: str) -> AccessToken | None:
    """The record that holds this token for the Caigunn that this dashboard talks to."""
    return AccessToken.objects.filter(
        api_base_url=settings.CAIGUNN_API_BASE_URL,
        fingerprint__in=vault.ring().fingerprints(token),
    ).first()


def check_address(record: AccessToken) -> None:
    """Raise NotConnected for a token of another Caigunn: it is never sent to this one."""
    if record.api_base_url != settings.CAIGUNN_API_BASE_URL:
        raise NotConnected


def set_token(record: AccessToken, token: str) -> None:
    ring = vault.ring()
    record.sealed = ring.seal(token, record.context("sealed"))
    record.fingerprint = ring.fingerprint(token)
    record.last4 = token[-4:] if len(token) >= 16 else ""


def put(rows: QuerySet[AccessToken], record: AccessToken, **fields: Any) -> AccessToken | None:
    """Write the seal of `record` to its row. Where another record holds the same token already,
    the members of this one share that from now on. Gives the record that holds the token, None
    where `rows` are there no more."""
    try:
        with transaction.atomic():
            is_stored = rows.update(
                sealed=record.sealed, fingerprint=record.fingerprint, last4=record.last4, **fields
            )
    except IntegrityError:
        with transaction.atomic():
            other = AccessToken.objects.get(
                api_base_url=record.api_base_url, fingerprint=record.fingerprint
            )
            Connection.objects.filter(access_token=record).update(access_token=other)
            delete_if_unused(record)
        return other
    return AccessToken.objects.filter(pk=record.pk).first() if is_stored else None


def delete_if_unused(record: AccessToken) -> None:
    AccessToken.objects.filter(Q(pk=record.pk), connections=None).delete()


def known(record: AccessToken | None) -> dict[str, Any]:
    """What a Change may say of a token."""
    if record is None:
        return {}
    end = record.ends_at.isoformat() if record.ends_at else None
    return {"token": f"…{record.last4}", "label": record.label, "ends_at": end}


def end_of(token: str) -> datetime | None:
    """When a token that is a JWT says it ends: a hint to show, never something to trust."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (
        binascii.Error,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        OSError,
        RecursionError,
    ):
        return None
