"""What was read from Caigunn, kept in the shared cache for a while. Never secrets."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone

# Longer than any read can take.
_NOTED_SECONDS = 120


@dataclass(frozen=True)
class Kept:
    """Something that was read, and when."""

    data: Any
    read_at: datetime

    def younger_than(self, seconds: float) -> bool:
        """Whether it was read less than `seconds` ago."""
        return timezone.now() - self.read_at < timedelta(seconds=seconds)

    @property
    def is_fresh(self) -> bool:
        """Whether it may be shown without asking Caigunn again."""
        return self.younger_than(settings.FRESH_SECONDS)


def put(scope: str, name: str, data: Any, *, read_at: datetime | None = None) -> Kept:
    """Keep JSON data under a name of one access token's scope, as of `read_at` (else now)."""
    kept = Kept(data, read_at or timezone.now())
    put_many(scope, {name: kept})
    return kept


def put_many(scope: str, entries: Mapping[str, Kept]) -> None:
    """Keep many at once."""
    texts = {
        f"{scope}:{name}": json.dumps({"at": kept.read_at.timestamp(), "data": kept.data})
        for name, kept in entries.items()
    }
    caches["reads"].set_many(texts, settings.KEPT_SECONDS)


def get(scope: str, name: str) -> Kept | None:
    """What is kept under the name, if anything."""
    return get_many(scope, [name]).get(name)


def get_many(scope: str, names: Iterable[str]) -> dict[str, Kept]:
    """What is kept under each of the names that have something."""
    keys = {f"{scope}:{name}": name for name in names}
    found = caches["reads"].get_many(list(keys))
    return {keys[key]: _load(text) for key, text in found.items()}


def drop(scope: str, *names: str) -> None:
    """Forget what is kept under the names, and note when: see `sweep`."""
    now = timezone.now().timestamp()
    notes = {f"{scope}:{name}:dropped": now for name in names}
    caches["reads"].set_many(notes, _NOTED_SECONDS)
    caches["reads"].delete_many([f"{scope}:{name}" for name in names])


def sweep(scope: str, names: Iterable[str], began: datetime) -> None:
    """Forget what was put under the names by a read that began before a write dropped them: it
    may hold what was true before the write."""
    keys = {f"{scope}:{name}:dropped": f"{scope}:{name}" for name in names}
    noted = caches["reads"].get_many(list(keys))
    late = [keys[key] for key, at in noted.items() if at >= began.timestamp()]
    caches["reads"].delete_many(late)


def _load(text: str) -> Kept:
    entry = json.loads(text)
    return Kept(entry["data"], datetime.fromtimestamp(entry["at"], UTC))
