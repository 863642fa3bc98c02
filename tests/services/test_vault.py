"""Sealing (reliability §1): what does not fit does not open, and no secret is named."""

import base64
import uuid

import pytest
from django.conf import LazySettings

from caigunn_admin.team.models import Member, Role
from chatbots import checks, vault
from chatbots.models import AccessToken, Canary
from chatbots.vault import KeyRing, SealError, make_key

SECRET = "a-token-nobody-may-see"


def ring(*ids: str) -> KeyRing:
    return KeyRing.parse(",".join(f"{key_id}:{make_key()}" for key_id in ids))


def test_what_is_sealed_opens_with_the_same_context() -> None:
    keys = ring("one")
    assert keys.open(keys.seal(SECRET, "row|field"), "row|field") == SECRET


def test_a_seal_names_its_version_and_key_and_not_the_text() -> None:
    sealed = ring("one").seal(SECRET, "row|field")
    version, key_id, rest = sealed.split(".")
    assert (version, key_id) == ("v1", "one")
    assert SECRET.encode() not in base64.urlsafe_b64decode(rest)


def test_the_same_text_is_sealed_differently_each_time() -> None:
    keys = ring("one")
    assert keys.seal(SECRET, "row") != keys.seal(SECRET, "row")


@pytest.mark.parametrize("moved", ["other|field", "row|other", ""])
def test_a_seal_that_was_moved_does_not_open(moved: str) -> None:
    keys = ring("one")
    with pytest.raises(SealError) as caught:
        keys.open(keys.seal(SECRET, "row|field"), moved)
    assert SECRET not in str(caught.value)


def test_every_changed_byte_is_noticed() -> None:
    keys = ring("one")
    head, _, rest = keys.seal(SECRET, "row").rpartition(".")
    box = bytearray(base64.urlsafe_b64decode(rest))
    for place in range(len(box)):
        changed = bytes(byte ^ (place == index) for index, byte in enumerate(box))
        with pytest.raises(SealError):
            keys.open(f"{head}.{base64.urlsafe_b64encode(changed).decode()}", "row")


@pytest.mark.parametrize(
    "broken",
    ["", "plain", "v1", "v1.", "v1.one", "v1.one.", "v2.one.AAAA", "v1.one.AAAA", "v1.one.é"],
)
def test_what_is_no_seal_does_not_open(broken: str) -> None:
    with pytest.raises(SealError):
        ring("one").open(broken, "row")


def test_a_missing_key_is_named_and_a_wrong_one_too() -> None:
    sealed = ring("one").seal(SECRET, "row")
    with pytest.raises(SealError, match="no key one"):
        ring("two").open(sealed, "row")
    with pytest.raises(SealError, match="another key"):
        ring("one").open(sealed, "row")


def test_a_key_id_cannot_be_exchanged_even_for_the_same_key() -> None:
    key = make_key()
    sealed = KeyRing.parse(f"one:{key}").seal(SECRET, "row")
    with pytest.raises(SealError):
        KeyRing.parse(f"two:{key}").open(sealed.replace("v1.one.", "v1.two."), "row")


def test_the_first_key_seals_and_all_open() -> None:
    old, new = make_key(), make_key()
    before = KeyRing.parse(f"old:{old}")
    after = KeyRing.parse(f"new:{new},old:{old}")
    assert after.open(before.seal(SECRET, "row"), "row") == SECRET
    assert after.seal(SECRET, "row").startswith("v1.new.")
    assert before.fingerprint(SECRET) in after.fingerprints(SECRET)
    assert after.fingerprint(SECRET) == after.fingerprints(SECRET)[0]


def test_fingerprints_differ_by_text_and_key_and_hide_the_text() -> None:
    one = ring("one")
    assert one.fingerprint(SECRET) == one.fingerprint(SECRET)
    assert (
        len({one.fingerprint(SECRET), one.fingerprint("b"), ring("one").fingerprint(SECRET)}) == 3
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        (" , ", "holds no key"),
        ("no-colon", "32 bytes"),
        (f":{'A' * 43}=", "entry 1"),
        (f"bad id:{'A' * 43}=", "entry 1"),
        (f"one:{'A' * 42}", "32 bytes"),
        ("one:AAAA", "32 bytes"),
        ("one:***", "32 bytes"),
        (f"one:{'A' * 43}=,one:{'B' * 42}Q=", "twice"),
        (f"one:{'A' * 43}=,two", "two is not 32"),
    ],
)
def test_malformed_keys_are_refused_by_their_place(text: str, said: str) -> None:
    with pytest.raises(SealError, match=said):
        KeyRing.parse(text)


def test_no_key_stands_in_an_error_or_a_repr() -> None:
    key = make_key()
    with pytest.raises(SealError) as caught:
        KeyRing.parse(f"one:{key},one:{key}")
    assert key not in str(caught.value)
    assert repr(KeyRing.parse(f"one:{key}")) == "KeyRing(one)"


def test_a_made_key_is_one_that_is_taken() -> None:
    assert make_key() != make_key()
    assert "-" in KeyRing.parse(f"a-1:{make_key()}").seal("x", "row")


def sealed_record(token: str) -> AccessToken:
    record = AccessToken(id=uuid.uuid4(), api_base_url="https://caigunn.example")
    record.sealed = vault.ring().seal(token, record.context("sealed"))
    record.fingerprint = vault.ring().fingerprint(token)
    record.save()
    return record


@pytest.mark.django_db
def test_seals_swapped_between_rows_or_fields_are_refused() -> None:
    one, two = sealed_record("token-one"), sealed_record("token-two")
    one.sealed, two.sealed = two.sealed, one.sealed
    one.sealed_previous = sealed_record("token-three").sealed
    for opening in (one.open, two.open, one.open_previous):
        with pytest.raises(SealError):
            opening()
    swapped = sealed_record("token-four")
    swapped.sealed_previous = swapped.sealed
    with pytest.raises(SealError):
        swapped.open_previous()


@pytest.mark.django_db
def test_the_canary_tells_keys_of_another_installation(settings: LazySettings) -> None:
    assert checks.keys_fit_database() is None
    settings.TOKEN_KEYS = f"tests:{make_key()}"
    cause = checks.keys_fit_database()
    assert cause is not None
    assert cause.startswith("keys: ")
    settings.TOKEN_KEYS = "nonsense"
    assert "32 bytes" in str(checks.keys_fit_database())
    assert [error.id for error in checks.keys_are_readable(None)] == ["caigunn.E003"]


@pytest.mark.django_db
def test_no_model_shows_what_it_holds() -> None:
    record = sealed_record("token-five-abcd")
    record.last4 = "abcd"
    member = Member(email="one@example.com", role=Role.ADMIN)
    for shown in (repr(record), str(record), repr(member), str(Canary.objects.first())):
        assert "token-five" not in shown
        assert record.sealed not in shown
