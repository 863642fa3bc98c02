"""Which Changes a member sees, and finding some of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may

PAGE_SIZE = 50
# With the id: Changes of the same moment must not swap places between two pages.
NEWEST_FIRST = ("-created_at", "-pk")


class ActivityForm(forms.Form):
    """What to look for; what makes no sense is left out, and said."""

    member = forms.CharField(label=_("Member"), required=False, max_length=200)
    chatbot = forms.CharField(label=_("Chatbot"), required=False, max_length=200)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All")), *Kind.choices]
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("All")), *Outcome.choices]
    )
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day lies before the first one."))

    def matching(self, changes: QuerySet[Change]) -> QuerySet[Change]:
        """Those of the Changes that are looked for, the newest first."""
        self.is_valid()
        wanted = self.cleaned_data
        if member := wanted.get("member"):
            changes = changes.filter(
                Q(member_email__icontains=member) | Q(member__name__icontains=member)
            )
        if chatbot := wanted.get("chatbot"):
            changes = changes.filter(Q(chatbot_id=chatbot) | Q(chatbot_title__icontains=chatbot))
        for name in ("kind", "outcome"):
            if value := wanted.get(name):
                changes = changes.filter(**{name: value})
        if since := wanted.get("since"):
            changes = changes.filter(created_at__gte=_moment(since, time.min))
        if until := wanted.get("until"):
            changes = changes.filter(created_at__lte=_moment(until, time.max))
        return changes.order_by(*NEWEST_FIRST)


@dataclass(frozen=True)
class ChangesPage:
    """One page of Changes, the newest first."""

    changes: tuple[Change, ...]
    page: int
    has_next: bool


def visible_to(member: Member) -> QuerySet[Change]:
    """The Changes that a member may see in Activity: their own, an Admin everyone's."""
    changes = Change.objects.select_related("member")
    return changes if may(member, Action.SEE_ALL_ACTIVITY) else changes.filter(member=member)


def page_of(changes: QuerySet[Change], page: int) -> ChangesPage:
    """PAGE_SIZE of the Changes, from page 1 on."""
    start = (page - 1) * PAGE_SIZE
    found = tuple(changes.order_by(*NEWEST_FIRST)[start : start + PAGE_SIZE + 1])
    return ChangesPage(found[:PAGE_SIZE], page, len(found) > PAGE_SIZE)


def _moment(day: date, at: time) -> datetime:
    """The moment in the current time zone, as UTC; of the first and the last day that there are
    the nearest that UTC has."""
    moment = timezone.make_aware(datetime.combine(day, at))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)
