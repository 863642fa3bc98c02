"""What the edit page says of a form that was not saved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.forms import ChoiceField, Field
from django.utils.translation import gettext as _

from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from chatbots import faults
from chatbots.caigunn import CaigunnError, TokenRejected
from chatbots.services.access import note_rejected
from chatbots.services.outcomes import UnsettledError
from chatbots.settings_form import SettingsForm


def _choices(field: Field) -> list[Any]:
    return list(field.choices) if isinstance(field, ChoiceField) else []  # type: ignore[arg-type]


def clashes_of(
    form: SettingsForm, theirs: Mapping[str, Any], was: Mapping[str, Any]
) -> list[tuple[Any, Any, Any, Any]]:
    """Label, the member's, Caigunn's and the earlier value of each field, as a member reads it."""

    def said(name: str, value: Any) -> Any:
        field = form.fields[name]
        text = str(value).lower() if isinstance(value, bool) else value
        return dict(_choices(field)).get(text, text)

    return [
        (form.fields[name].label, *(said(name, one) for one in (form[name].value(), value, before)))
        for name, value in theirs.items()
        for before in [was.get(name)]
    ]


def failed_with(
    request: MemberRequest, error: UnsettledError | CaigunnError, page: str
) -> dict[str, Any]:
    """The error above the form of a `page`: no *Try again* that would lose its input."""
    if isinstance(error, UnsettledError):
        screen = ErrorScreen(
            504,
            _("Caigunn may have saved this"),
            _("Its answer did not arrive, or could not be checked. Your input is still here."),
            remark=error.change.detail,
        )
        return {"error": screen, "status": screen.status, "change": error.change}
    screen = faults.screen(error, page=page)
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
    else:
        screen = replace(screen, links=())
    return {"error": screen, "status": screen.status}
