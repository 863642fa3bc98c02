"""What stands in front of the views of this app."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponse

from caigunn_admin.http import MemberRequest
from chatbots.caigunn import TokenRejected
from chatbots.services.access import Access, access_of, rejection

P = ParamSpec("P")
MOST_REASON = 300  # characters


def reason_of(request: MemberRequest) -> str:
    """Why the member asks for a write, where they say so: the `reason` of the form."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:MOST_REASON]


def with_access(
    view: Callable[Concatenate[MemberRequest, Access, P], HttpResponse],
) -> Callable[Concatenate[MemberRequest, P], HttpResponse]:
    """Give the view the member's access to Caigunn. Without one, the way leads to `/token/`."""

    @wraps(view)
    def guarded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        access = access_of(request.user, request.request_id, reason_of(request))
        try:
            return view(request, access, *args, **kwargs)
        except TokenRejected as error:
            raise rejection(access, error) from error

    return guarded
