"""Leases: writes to one chatbot come one after the other, in however many processes."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from caigunn_admin.activity.record import abandon
from chatbots.caigunn import Deadline
from chatbots.models import WriteLease
from chatbots.services.access import release_database
from chatbots.services.outcomes import BusyError

_PAUSE_SECONDS = 0.1


@contextmanager
def held(name: str, deadline: Deadline) -> Iterator[None]:
    """Hold the lease `name` for the block. Waits for at most half of the time that is left, since
    the write needs the rest. Raises BusyError.

    A row, not a lock: no transaction is open while it is held, and the lease of a process that
    died ends by itself after LEASE_SECONDS.
    """
    holder = uuid.uuid4()
    give_up = Deadline.after(deadline.remaining() / 2)
    while not _take(name, holder):
        if give_up.expired:
            raise BusyError
        release_database()
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        WriteLease.objects.filter(name=name, holder=holder).delete()


@contextmanager
def writing(chatbot_id: str, deadline: Deadline) -> Iterator[None]:
    """Hold the lease that serialises all writes to one chatbot. Raises BusyError.

    A Change of it that is still pending then has no writer any more: its outcome is unknown.
    """
    with held(chatbot_lease(chatbot_id), deadline):
        abandon(chatbot_id)
        yield


def chatbot_lease(chatbot_id: str) -> str:
    """The lease that serialises all writes to one chatbot, whichever token reaches it."""
    return f"{settings.CAIGUNN_API_BASE_URL}:{chatbot_id}"


def _take(name: str, holder: uuid.UUID) -> bool:
    now = timezone.now()
    # Of every name: what a process that died has left would otherwise stand there for ever.
    WriteLease.objects.filter(expires_at__lt=now).delete()
    lease = WriteLease(
        name=name, holder=holder, expires_at=now + timedelta(seconds=settings.LEASE_SECONDS)
    )
    WriteLease.objects.bulk_create([lease], ignore_conflicts=True)
    return WriteLease.objects.filter(name=name, holder=holder).exists()
