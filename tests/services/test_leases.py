"""The lease of a chatbot: one holder, ended by leaving, by an error, or by time."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from chatbots.caigunn import Deadline
from chatbots.models import WriteLease
from chatbots.services.leases import held
from chatbots.services.outcomes import BusyError

pytestmark = pytest.mark.django_db


def soon() -> Deadline:
    return Deadline.after(0.2)


def names() -> set[str]:
    return set(WriteLease.objects.values_list("name", flat=True))


def test_a_lease_stands_for_as_long_as_its_block() -> None:
    with held("one", soon()):
        assert names() == {"one"}
    assert names() == set()


def test_a_second_holder_waits_and_gives_up() -> None:
    with held("one", soon()):
        with pytest.raises(BusyError), held("one", soon()):
            pytest.fail("two hold the same lease")
        assert names() == {"one"}


def test_other_names_are_not_concerned() -> None:
    with held("one", soon()), held("two", soon()):
        assert names() == {"one", "two"}


def test_an_error_in_the_block_ends_the_lease() -> None:
    with pytest.raises(ZeroDivisionError), held("one", soon()):
        raise ZeroDivisionError
    assert names() == set()


def test_no_time_left_is_still_one_try() -> None:
    with held("one", Deadline.after(0)):
        assert names() == {"one"}


def left_behind(name: str) -> None:
    WriteLease.objects.create(
        name=name,
        holder="00000000-0000-4000-8000-000000000000",
        expires_at=timezone.now() - timedelta(milliseconds=1),
    )


def test_the_lease_of_a_process_that_died_ends_by_itself() -> None:
    left_behind("one")
    with held("one", soon()):
        assert names() == {"one"}
    assert names() == set()


def test_stale_rows_of_other_chatbots_are_swept() -> None:
    left_behind("never taken again")
    with held("one", soon()):
        assert names() == {"one"}


def test_whoever_lost_the_lease_does_not_end_that_of_the_next(settings: LazySettings) -> None:
    settings.LEASE_SECONDS = -1.0
    late = held("one", soon())
    late.__enter__()
    settings.LEASE_SECONDS = 30.0
    with held("one", soon()):
        late.__exit__(None, None, None)
        assert names() == {"one"}
