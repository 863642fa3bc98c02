"""The record of sign-ins, the team and revealed secrets: writing it down, and reading it."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may

PAGE_SIZE = 50


def note(request: HttpRequest | None, kind: EventKind, member: Member | None, **more: Any) -> Event:
    """Write down that `kind` happened to the member: from which address and device, and by whom
    where it was somebody else who is signed in. `more`: `detail`, `member_email`."""
    by = getattr(request, "user", None)
    if not isinstance(by, Member) or by == member:
        by = None
    device = request.headers.get("User-Agent", "") if request else ""
    return Event.objects.create(
        kind=kind,
        member=member,
        member_email=more.get("member_email") or (member.email if member else ""),
        by=by,
        by_email=by.email if by else "",
        detail=more.get("detail", "")[:300],
        ip=_ip(request),
        device=_printable(device)[:200],
        request_id=getattr(request, "request_id", ""),
    )


def visible_to(member: Member) -> QuerySet[Event]:
    """What a member may see of the record: what is about them or was done by them; an Admin all."""
    events = Event.objects.select_related("member", "by")
    if may(member, Action.SEE_ALL_ACTIVITY):
        return events
    return events.filter(Q(member=member) | Q(by=member))


class EventForm(forms.Form):
    """What to look for in the record; what makes no sense is left out, and said."""

    member = forms.CharField(label=_("Member"), required=False, max_length=200)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All")), *EventKind.choices]
    )

    def matching(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """Those that are looked for, the newest first."""
        self.is_valid()
        wanted = self.cleaned_data
        if member := wanted.get("member"):
            events = events.filter(
                Q(member_email__icontains=member)
                | Q(member__name__icontains=member)
                | Q(by_email__icontains=member)
            )
        if kind := wanted.get("kind"):
            events = events.filter(kind=kind)
        return events


def _ip(request: HttpRequest | None) -> str | None:
    """The address of the browser, as far as the named proxies tell it."""
    if request is None:
        return None
    try:
        ip: str = get_adapter().get_client_ip(request)
    except Exception:  # noqa: BLE001 - allauth refuses an address it cannot read; the record goes on
        return None
    return ip or None


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
