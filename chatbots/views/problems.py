"""What a page says of a form that was not saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.forms import ChoiceField, Field
from django.utils.translation import gettext as _

from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from chatbots import faults, kept_input
from chatbots.caigunn import CaigunnError, TokenRejected
from chatbots.services.access import note_rejected
from chatbots.services.outcomes import UnsettledError
from chatbots.settings_form import SettingsForm


def _choices(field: Field) -> list[Any]:
    return list(field.choices) if isinstance(field, ChoiceField) else []  # type: ignore[arg-type]


@dataclass(frozen=True)
class Clash:
    """A field that somebody else has changed: its three values, as a member reads them."""

    name: str
    label: str
    yours: Any
    theirs: Any
    was: Any


def clashes_of(
    form: SettingsForm, theirs: Mapping[str, Any], was: Mapping[str, Any]
) -> list[Clash]:
    """Each field that is not what the member has typed, with Caigunn's and the earlier value."""

    def said(name: str, value: Any) -> Any:
        field = form.fields[name]
        text = str(value).lower() if isinstance(value, bool) else value
        return dict(_choices(field)).get(text, text)

    return [
        Clash(
            name,
            str(form.fields[name].label),
            said(name, form[name].value()),
            said(name, value),
            said(name, was.get(name)),
        )
        for name, value in theirs.items()
    ]


def failed_with(request: MemberRequest, error: UnsettledError | CaigunnError) -> dict[str, Any]:
    """The error above the form of this page: no *Try again* that would lose its input."""
    if isinstance(error, UnsettledError):
        screen = ErrorScreen(
            504,
            _("Caigunn may have saved this"),
            _("Its answer did not arrive, or could not be checked. Your input is still here."),
            remark=error.change.said,
        )
        return {"error": screen, "status": screen.status, "change": error.change}
    screen = form_screen(request, error)
    return {"error": screen, "status": screen.status}


def form_screen(request: MemberRequest, error: CaigunnError) -> ErrorScreen:
    """The screen beside a form that keeps its input: *Reconnect* comes back to that input, and
    there is no *Try again* that would lose it."""
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
        return faults.screen(error, page=kept_input.way_back(request, request.path))
    return replace(faults.screen(error, page=request.path), links=())
