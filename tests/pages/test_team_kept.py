"""An invitation that is sent too long after the sign-in: what was typed is there again."""

from urllib.parse import parse_qs, urlsplit

from django.conf import LazySettings

from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.team.models import Invitation
from tests.conftest import PASSWORD, Browsing
from tests.pages.drawn import assert_page

PROOF = "/account/reauthenticate/"


def test_what_was_typed_comes_back(browse: Browsing, settings: LazySettings) -> None:
    client = browse("admin")
    form = assert_page(client.get("/team/")).form("/team/")
    settings.PROOF_SECONDS = 0
    answer = form.submit(client, email="new@example.com", role="editor")
    assert not Invitation.objects.exists()
    parts = urlsplit(answer["Location"])
    assert parts.path == PROOF
    settings.PROOF_SECONDS = 1800
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 1800
    proof = assert_page(client.get(answer["Location"])).form(PROOF)
    back = proof.submit(client, password=PASSWORD)["Location"]
    assert back == parse_qs(parts.query)["next"][0]
    again = assert_page(client.get(back)).form("/team/")
    assert (again.fields["email"], again.fields["role"]) == ("new@example.com", "editor")
    assert_page(again.submit(client))
    assert Invitation.objects.get().role == "editor"
    assert Event.objects.filter(kind=EventKind.PROVED).count() == 1
