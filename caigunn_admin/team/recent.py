"""How long ago a member has proved who they are, in this session."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from caigunn_admin.http import MemberRequest

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[MemberRequest, P], R]

PROVED_AT = "proved_at"


class ProofNeeded(Exception):  # noqa: N818 - it asks for something, nothing went wrong
    """The member has to prove once more who they are before this may be done. `back` is where they
    come back to, where that is not the page they were on."""

    def __init__(self, back: str = "") -> None:
        super().__init__("a fresh proof is needed")
        self.back = back


def note_proof(request: HttpRequest) -> None:
    """Note that the member has just proved who they are."""
    request.session[PROVED_AT] = time.time()


def is_proved(request: HttpRequest) -> bool:
    """Whether they have done so within PROOF_SECONDS."""
    proved_at = request.session.get(PROVED_AT, 0)
    return bool(time.time() - proved_at < settings.PROOF_SECONDS)


def proof_page(request: MemberRequest) -> str:
    """Where the member proves who they are: by password, or by a second factor without one."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    return str(methods[0]["url"]) if methods else reverse("account_reauthenticate")


def proof_required(view: View[P, R]) -> View[P, R]:
    """Let the view be reached by members who have just proved who they are; from others it raises
    ProofNeeded, for its page as for its form."""

    @wraps(view)
    def guarded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not is_proved(request):
            raise ProofNeeded
        return view(request, *args, **kwargs)

    return guarded
