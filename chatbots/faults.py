"""From fault to screen (design §10): what a member reads when Caigunn does not do as asked."""

import math
from dataclasses import replace

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from caigunn_admin.errors import ErrorScreen
from chatbots.caigunn import (
    CaigunnError,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenRejected,
    Unavailable,
)
from chatbots.services.access import BeingRefreshed
from chatbots.services.outcomes import (
    BusyError,
    ClashError,
    DeletedError,
    FormUsedError,
    NotHeldError,
    NotSavedError,
    UnsettledError,
)


def screen(error: CaigunnError, *, page: str) -> ErrorScreen:  # noqa: PLR0911 - a table
    """The screen for an error. `page` is the page to come back to, or to try again."""
    again = ((_("Try again"), page),)
    if isinstance(error, TokenRejected):
        back = urlencode({"next": page})
        return ErrorScreen(
            403,
            _("Caigunn does not accept your access token"),
            _("You are still signed in. Connect a token that works, and you come back here."),
            error.detail,
            ((_("Reconnect"), f"{reverse('token')}?{back}"),),
        )
    if isinstance(error, Forbidden):
        return ErrorScreen(
            403,
            _("Caigunn does not allow this"),
            _("Your access token works, but not for this."),
            error.detail,
        )
    if isinstance(error, NotFound):
        return ErrorScreen(
            404,
            _("This chatbot no longer exists"),
            _("Caigunn knows no chatbot under this address, or it belongs to another account."),
            error.detail,
            ((_("All chatbots"), reverse("chatbots")),),
        )
    if isinstance(error, RateLimited):
        return _rate_limited(error, again)
    if isinstance(error, Rejected):
        return ErrorScreen(
            422, _("Caigunn refused this"), _("Nothing was changed."), error.detail, again
        )
    if isinstance(error, OutcomeUnknown):
        return ErrorScreen(
            504,
            _("Caigunn may have saved this"),
            _("Its answer did not arrive. Look before you send it again."),
            error.detail,
        )
    if isinstance(error, BeingRefreshed):
        return ErrorScreen(
            503,
            _("Your access token is being refreshed"),
            _("Somebody who shares it is exchanging it for a new one. Try again in a moment."),
            links=again,
        )
    if isinstance(error, Unavailable):
        message = (
            _("It did not answer in time.")
            if error.timed_out
            else _("It cannot be reached at the moment.")
        )
        return ErrorScreen(503, _("Caigunn does not answer"), message, error.detail, again)
    return ErrorScreen(
        502,
        _("Caigunn answered in a way this dashboard does not understand"),
        _("Nothing was changed. Whoever looks after this dashboard can find it by its number."),
        error.detail,
        again,
    )


def _rate_limited(error: RateLimited, again: tuple[tuple[str, str], ...]) -> ErrorScreen:
    title = _("Caigunn asks to wait")
    if error.retry_after is None:
        return ErrorScreen(503, title, _("Nothing was changed."), error.detail, again)
    seconds = max(1, math.ceil(error.retry_after))
    message = ngettext(
        "Try again in %(seconds)s second. Nothing was changed.",
        "Try again in %(seconds)s seconds. Nothing was changed.",
        seconds,
    ) % {"seconds": seconds}
    return ErrorScreen(503, title, message, error.detail, again, {"Retry-After": str(seconds)})


def created_and_unread(error: CaigunnError, *, page: str) -> ErrorScreen:
    """The screen for a new chatbot that cannot be read now, though Caigunn has reported it."""
    return replace(
        screen(error, page=page),
        title=_("The chatbot was created"),
        message=_("Caigunn has reported it. What became of the rest cannot be read at the moment."),
        links=((_("Look again"), page),),
    )


def unsettled(error: UnsettledError) -> ErrorScreen:
    """The screen for a write that may have been made."""
    return ErrorScreen(
        504,
        _("Caigunn may have saved this"),
        _("Its answer did not arrive, or could not be checked."),
        remark=error.change.said,
    )


def not_saved(error: NotSavedError) -> ErrorScreen:
    """The screen for something that was not written, where no form tells it beside its input."""
    said = {
        ClashError: _("Somebody else has changed it meanwhile. Look at what Caigunn reports now."),
        NotHeldError: _("Caigunn accepted the change, but still reports another value."),
        FormUsedError: _("This was sent before, without success. Open the page again."),
        DeletedError: _("This chatbot has been deleted meanwhile."),
        BusyError: _("Somebody else’s change is still being written. Try again in a moment."),
    }
    remark = error.change.said if error.change else ""
    return ErrorScreen(409, _("Nothing was saved"), said.get(type(error), ""), remark=remark)


def sealed_shut() -> ErrorScreen:
    """The screen for a token that this installation's keys do not open."""
    return ErrorScreen(
        503,
        _("Your access token cannot be opened"),
        _(
            "The keys of this dashboard do not fit what it stored. Nothing was sent to Caigunn. "
            "Tell whoever looks after it, or connect your token again."
        ),
        links=((_("Access token"), reverse("token")),),
    )
