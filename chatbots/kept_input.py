"""What a member typed, kept sealed where a form could not be taken: the session had ended, the
token was refused, the form was out of date. Offered to the member whom the form was drawn for, and
to nobody else."""

import json
import re
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from caigunn_admin.http import MemberRequest, htmx_page
from caigunn_admin.team.models import Member
from chatbots import form_state, vault
from chatbots.form_data import Input
from chatbots.models import KeptInput

# What no page may draw again.
_SECRET = re.compile(r"password|token|key|code", re.IGNORECASE)
_MOST_FOR_A_MEMBER = 20
# The addresses that draw kept input again; others, such as that of a refresh, take no GET at all.
_DRAWN_AGAIN = frozenset(
    {"chatbot_new", "chatbot_edit", "chatbot_delete", "webhook", "change_undo"}
)


class TooLongError(Exception):
    """More was typed than is kept."""


def keep(request: HttpRequest) -> str | None:
    """The address at which the form of this POST comes back with its input; None where it is not
    a form that this dashboard has drawn for a member, or none that is drawn again. Raises
    TooLongError."""
    owner = form_state.owner(request.POST.get("state", ""))
    match = request.resolver_match
    if request.method != "POST" or match is None or match.url_name not in _DRAWN_AGAIN:
        return None
    # A form can outlive its member.
    if owner is None or not Member.objects.filter(pk=owner).exists():
        return None
    fields = {
        name: values
        for name, values in cast("QueryDict", request.POST).lists()
        if not _SECRET.search(name)
    }
    text = json.dumps({"fields": fields, "files": sorted(request.FILES)}, ensure_ascii=False)
    if len(text.encode()) > settings.KEPT_INPUT_BYTES:
        raise TooLongError
    kept = KeptInput(member_id=owner, path=request.path)
    kept.sealed = vault.ring().seal(text, kept.context)
    kept.save()
    _sweep(owner)
    query = {"kept": str(kept.id)}
    # A row of the list is edited in place: back to the list after that.
    htmx = getattr(request, "htmx", None)
    if back := request.POST.get("next") or (htmx_page(htmx) if htmx else ""):
        query["next"] = back
    return f"{request.path}?{urlencode(query)}"


def drop(request: MemberRequest) -> None:
    """Forget the input that was kept of this page for the member: it has been sent."""
    KeptInput.objects.filter(member=request.user, path=request.path).delete()


def way_back(request: HttpRequest, page: str) -> str:
    """Where a member comes back to after the token page: the form with its input, where that could
    be kept; else the `page`."""
    try:
        return keep(request) or page
    except TooLongError:
        return page


def find(request: HttpRequest, member: Member) -> Input | None:
    """The input that `?kept=` names, if it is this member's and of this page."""
    try:
        wanted = UUID(request.GET.get("kept", ""))
    except ValueError:
        return None
    kept = KeptInput.objects.filter(
        pk=wanted, member=member, path=request.path, created_at__gt=_oldest()
    ).first()
    if kept is None:
        return None
    try:
        found = json.loads(vault.ring().open(kept.sealed, kept.context))
    except vault.SealError:
        # Its key is gone: as if it had ended.
        return None
    data = QueryDict(mutable=True)
    for name, values in found["fields"].items():
        data.setlist(name, values)
    return Input(data, tuple(found["files"]))


def _sweep(owner: int) -> None:
    KeptInput.objects.filter(created_at__lt=_oldest()).delete()
    mine = KeptInput.objects.filter(member_id=owner).order_by("-created_at")
    surplus = list(mine.values_list("pk", flat=True)[_MOST_FOR_A_MEMBER:])
    KeptInput.objects.filter(pk__in=surplus).delete()


def _oldest() -> datetime:
    return timezone.now() - timedelta(seconds=settings.KEPT_INPUT_SECONDS)
