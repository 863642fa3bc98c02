"""Sealing anew with the first of TOKEN_KEYS, and what becomes of values that no key opens
(reliability §1).

Row by row, each exchanged only if it still holds what was read: a token that is refreshed meanwhile
is looked at again, never overwritten. Nothing is remembered in between, so a rotation that was
interrupted is simply run again, and two at once do no harm.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from chatbots import checks, vault
from chatbots.models import KeptInput
from chatbots.services.sealed_rows import KINDS, Kind
from chatbots.vault import KeyRing

logger = logging.getLogger(__name__)

EXPIRED = "expired input"
NO_SEAL = "no key"
_BATCH = 100
# Processes that still run with the keys of before may seal while this goes on.
_ROUNDS = 5
# How often a row is looked at again that somebody else changes at the same moment.
_LOOKS = 20


class KeysDoNotFitError(Exception):
    """TOKEN_KEYS does not belong to this database; says why."""


@dataclass
class Stock:
    """The sealed values of one kind, counted by the id of the key that sealed them."""

    noun: str
    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    """Those that no key opens, by the id that they name."""
    behind: int = 0
    """Rows that rest on another key than the first, and open."""


def take_stock() -> list[Stock]:
    """What is sealed with which key, and what does not open. Writes nothing. Raises
    vault.SealError where TOKEN_KEYS is malformed."""
    ring = vault.ring()
    return [_stock_of(kind, ring) for kind in KINDS]


def rotate() -> Counter[str]:
    """Seal everything anew that another key than the first has sealed, the canary last. What was
    done, counted in rows. Raises KeysDoNotFitError and changes nothing where the keys are those of
    another database; what no key opens stays as it is."""
    cause = checks.keys_fit_database()
    if cause is not None:
        raise KeysDoNotFitError(cause)
    ring, done = vault.ring(), Counter[str]()
    oldest = timezone.now() - timedelta(seconds=settings.KEPT_INPUT_SECONDS)
    done[EXPIRED] += KeptInput.objects.filter(created_at__lt=oldest).delete()[0]
    for kind in KINDS:
        for _round in range(_ROUNDS):
            exchanged = sum(_exchange(kind, row, ring) for row in _all(kind))
            done[kind.noun] += exchanged
            if not exchanged:
                break
    if done.total():
        logger.info("Sealed anew with the key %s: %s", ring.first, listed(done))
    return +done


def lost() -> Counter[str]:
    """How many values no key opens, by kind."""
    return +Counter({stock.noun: stock.closed.total() for stock in take_stock()})


def forget_unreadable() -> Counter[str]:
    """Delete what no key opens: access tokens with their connections, two-factor secrets, kept
    input; and seal the canary anew if it is among that. What was deleted, by kind; the log tells
    it too."""
    ring, gone = vault.ring(), Counter[str]()
    for kind in KINDS:
        for row in _all(kind):
            if kind.is_shut(row, ring):
                gone.update(kind.forget(row, ring))
    if gone.total():
        logger.warning("No key opened them, so they were deleted: %s", listed(gone))
    return +gone


def listed(counts: Counter[str]) -> str:
    """Counts as a phrase."""
    return ", ".join(f"{number} {noun}" for noun, number in counts.items() if number) or "nothing"


def _all(kind: Kind) -> Iterator[Any]:
    """The rows of now, read in batches: one that is deleted meanwhile is left out."""
    ids = list(kind.rows().values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH):
        yield from kind.rows().filter(pk__in=ids[start : start + _BATCH])


def _exchange(kind: Kind, row: Any, ring: KeyRing) -> bool:
    for _look in range(_LOOKS):
        if not kind.is_behind(row, ring):
            return False
        if kind.exchange(row, ring):
            return True
        row = kind.rows().filter(pk=row.pk).first()
        if row is None:
            return False
    return False


def _stock_of(kind: Kind, ring: KeyRing) -> Stock:
    stock = Stock(kind.noun)
    for row in _all(kind):
        for value in kind.values(row):
            key_id = vault.key_id_of(value.sealed) or NO_SEAL
            found = stock.closed if value.text(ring) is None else stock.opened
            found[key_id] += 1
        stock.behind += kind.is_behind(row, ring)
    return stock
