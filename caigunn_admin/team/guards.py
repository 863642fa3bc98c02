"""Decorators that stand in front of views."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from caigunn_admin.http import MemberRequest
from caigunn_admin.team.roles import LEAST_ROLE, Action, may

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[MemberRequest, P], R]


def allowed_to(action: Action) -> Callable[[View[P, R]], View[P, R]]:
    """Let the view be reached by members whose role allows `action`; others get the 403 page."""

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def guarded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if not may(request.user, action):
                raise PermissionDenied(
                    _("This needs the role %(needed)s. Yours is %(yours)s; an Admin can change it.")
                    % {
                        "needed": LEAST_ROLE[action].label,
                        "yours": request.user.get_role_display(),
                    }
                )
            return view(request, *args, **kwargs)

        marked: Any = guarded
        marked.action = action  # read by the test that compares the code with the table
        return guarded

    return decorate
