"""What is kept of a form: sealed, of one member and one page, bounded, and nothing secret."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from caigunn_admin.team.models import Member
from chatbots import form_state, kept_input, vault
from chatbots.form_data import Input, of_settings
from chatbots.models import KeptInput
from tests.conftest import Joining

from .settings_calls import picture_bytes

pytestmark = pytest.mark.django_db

PATH = "/chatbots/some-id/edit/"
TYPED = "a prompt that is nobody’s business"


@pytest.fixture
def member(join: Joining) -> Member:
    return join("editor")


def request(method: str, path: str, values: dict[str, Any]) -> Any:
    made = getattr(RequestFactory(), method)(path, values)
    made.resolver_match = resolve(path)
    return made


def keep(member: Member, path: str = PATH, **typed: Any) -> str | None:
    state = form_state.issue(member, "edit some-id", {})
    return kept_input.keep(request("post", path, {"state": state} | typed))


def kept(address: str | None) -> KeptInput:
    assert address
    return KeptInput.objects.get(pk=parse_qs(urlsplit(address).query)["kept"][0])


def find(member: Member, pk: object, path: str = PATH) -> Input | None:
    return kept_input.find(request("get", path, {"kept": str(pk)}), member)


def rows() -> str:
    """Everything that the table holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM chatbots_keptinput")
        return repr(cursor.fetchall())


def test_what_was_typed_comes_back_as_it_was(member: Member) -> None:
    typed: dict[str, Any] = {
        "title": "客服 “Desk” & Co. ☕ \x00 \\u0000",
        "prompt": "one\r\ntwo\n  three ",
        "initial_messages": ["Hello", "", "您好"],
        "use_title": "theirs",
    }
    found = find(member, kept(keep(member, **typed)).pk)
    assert found is not None
    assert found.files == ()
    assert found.data.getlist("initial_messages") == ["Hello", "", "您好"]
    names = ("title", "prompt", "use_title")
    assert {name: found.data[name] for name in names} == {name: typed[name] for name in names}
    assert form_state.read(str(found.data["state"]), member, "edit some-id")


def test_nothing_is_in_clear_in_the_database(member: Member) -> None:
    keep(member, prompt=TYPED, webhook_url="https://kept.example/hook", next="/chatbots/?q=secret")
    for text in (TYPED, "nobody", "kept.example", "secret", "prompt", "webhook_url"):
        assert text not in rows()
    assert "v1." in rows()


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "csrfmiddlewaretoken",
        "password",
        "PASSWORD2",
        "api_key",
        "code",
        "opentalk_api_token",
    ],
)
def test_what_sounds_like_a_secret_is_not_kept(member: Member, name: str) -> None:
    found = find(member, kept(keep(member, title="Kept", **{name: "s3cr3t"})).pk)
    assert found is not None
    assert set(found.data) == {"state", "title"}


def test_of_a_file_only_its_field_is_kept(member: Member) -> None:
    upload = SimpleUploadedFile("my face.png", picture_bytes(), "image/png")
    record = kept(keep(member, avatar=upload, title="Kept"))
    found = find(member, record.pk)
    assert found is not None
    assert (found.files, set(found.data)) == (("avatar",), {"state", "title"})
    text = vault.ring().open(record.sealed, record.context)
    assert "face" not in text


@pytest.mark.parametrize("over", [0, 1])
def test_as_much_as_the_bound_and_no_byte_more(
    member: Member, over: int, settings: LazySettings
) -> None:
    settings.KEPT_INPUT_BYTES = 3_000
    empty = kept(keep(member, prompt=""))
    used = len(vault.ring().open(empty.sealed, empty.context).encode())
    # Measured in bytes: three for each of these.
    rest = 3_000 - used
    prompt = "長" * (rest // 3) + "x" * (rest % 3 + over)
    KeptInput.objects.all().delete()
    if over:
        with pytest.raises(kept_input.TooLongError):
            keep(member, prompt=prompt)
        assert not KeptInput.objects.exists()
    else:
        assert find(member, kept(keep(member, prompt=prompt)).pk)


def test_only_for_the_member_of_the_form(member: Member, join: Joining) -> None:
    record = kept(keep(member, title="Mine"))
    other = join("admin")
    assert record.member == member
    assert find(other, record.pk) is None
    # A row that somebody moves to another member does not open for them.
    KeptInput.objects.update(member=other)
    assert find(other, record.pk) is None
    assert find(member, record.pk) is None


def test_only_on_its_page(member: Member) -> None:
    record = kept(keep(member, title="Mine"))
    for path in ("/chatbots/other-id/edit/", "/chatbots/some-id/webhook/", "/chatbots/new/"):
        assert find(member, record.pk, path) is None
    # The text of one row in another does not open.
    other = kept(keep(member, title="Other"))
    KeptInput.objects.filter(pk=other.pk).update(sealed=record.sealed)
    assert find(member, other.pk) is None
    assert find(member, record.pk) is not None


def test_without_the_key_that_sealed_it_there_is_nothing(
    member: Member, settings: LazySettings
) -> None:
    record = kept(keep(member, title="Mine"))
    settings.TOKEN_KEYS = "another:" + "A" * 43 + "="
    assert find(member, record.pk) is None


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c", "e30:1:x"])
def test_a_form_that_was_not_drawn_here_is_not_kept(member: Member, state: str) -> None:
    assert keep(member, state=state, title="Mine") is None
    assert not KeptInput.objects.exists()


def test_a_form_of_a_member_who_is_gone_is_not_kept(member: Member) -> None:
    state = form_state.issue(member, "edit some-id", {})
    member.delete()
    assert kept_input.keep(request("post", PATH, {"state": state})) is None


@pytest.mark.parametrize("path", ["/token/refresh/", "/token/", "/account/login/", "/plans/"])
def test_a_form_that_no_page_draws_again_is_not_kept(member: Member, path: str) -> None:
    assert keep(member, path) is None
    assert not KeptInput.objects.exists()


def test_a_get_keeps_nothing(member: Member) -> None:
    values = {"state": form_state.issue(member, "edit some-id", {})}
    assert kept_input.keep(request("get", PATH, values)) is None
    assert kept_input.way_back(request("get", PATH, values), "/page/") == "/page/"


def test_the_way_back_is_the_page_where_it_is_too_long(
    member: Member, settings: LazySettings
) -> None:
    settings.KEPT_INPUT_BYTES = 10
    state = form_state.issue(member, "edit some-id", {})
    assert kept_input.way_back(request("post", PATH, {"state": state}), "/page/") == "/page/"


def test_the_way_back_takes_next_along_as_a_value(member: Member) -> None:
    wanted = "/chatbots/?page=2&q=a b#c"
    address = keep(member, next=wanted)
    assert address
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", PATH, "")
    assert parse_qs(parts.query)["next"] == [wanted]


def test_what_is_old_goes_and_of_one_member_only_so_many_stay(
    member: Member, join: Joining
) -> None:
    other = join("admin")
    theirs = kept(keep(other, title="Theirs"))
    old = kept(keep(member, title="Old"))
    KeptInput.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert find(member, old.pk) is None
    records = [kept(keep(member, title=f"Number {number}")) for number in range(22)]
    assert not KeptInput.objects.filter(pk=old.pk).exists()
    left = set(KeptInput.objects.filter(member=member).values_list("pk", flat=True))
    assert left == {record.pk for record in records[2:]}
    assert find(other, theirs.pk)


def test_it_goes_with_its_member(member: Member) -> None:
    keep(member, title="Mine")
    member.delete()
    assert not KeptInput.objects.exists()


# What a browser would send


def test_what_a_change_asked_for_stands_over_what_is_there() -> None:
    start = {"title": "Now", "prompt": "Now", "is_shared": None, "model_id": None}
    start |= {"webhook_url": None, "updated_at": "2024-11-01T00:00:00+00:00"}
    asked = {
        "title": "Asked then",
        "prompt": "Asked",
        "is_shared": False,
        "is_fixed": True,
        "avatar": {"name": "a.png", "size": 3, "type": "image/png", "thumbnail": "data:"},
        "initial_messages": [{"type": "text", "value": "Hello"}, {"type": "text", "value": "您好"}],
        "allowed_domains": ["https://a.example", "https://b.example"],
        "plan_id": "a-plan",
    }
    found = of_settings(start, asked)
    assert found.files == ("avatar",)
    assert dict(found.data.lists()) == {
        "title": ["Now"],
        "prompt": ["Asked"],
        "is_shared": ["false"],
        "model_id": [""],
        "webhook_url": [""],
        "is_fixed": ["true"],
        "initial_messages": ["Hello", "您好"],
        "allowed_domains": ["https://a.example\nhttps://b.example"],
    }
