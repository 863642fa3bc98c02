"""Why something a member asked for was not saved: exceptions that a form acts on."""

from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from caigunn_admin.activity import stored
from caigunn_admin.activity.models import Change
from chatbots.caigunn import CaigunnError, Rejected


class NotSavedError(Exception):
    """Nothing of this form is at Caigunn, and the form can be sent again. `problem` names why,
    `current` is what Caigunn reports, where it was read; `change` what became of it before."""

    problem: ClassVar[str]

    def __init__(self, current: Any = None, change: Change | None = None) -> None:
        super().__init__(self.problem)
        self.current = current
        self.change = change


class ClashError(NotSavedError):
    """Somebody else has changed a value meanwhile: to `current`."""

    problem = "clash"


class NotHeldError(NotSavedError):
    """Caigunn accepted the change, and still reports the value `current`."""

    problem = "not_held"


class FormUsedError(NotSavedError):
    """The form was sent before, with another value or without success: see `change`."""

    problem = "used"


class DeletedError(NotSavedError):
    """The chatbot is deleted: it can be read, and no longer written."""

    problem = "deleted"


class BusyError(NotSavedError):
    """Somebody else's write to the same chatbot did not end in time."""

    problem = "busy"


class ChangedMeanwhileError(NotSavedError):
    """The chatbot was changed since the form was opened, and what the form sends cannot be read
    back to compare: the member is asked once."""

    problem = "changed_meanwhile"


class TwiceError(NotSavedError):
    """The member has made a chatbot of this title a moment ago, with another form: `change`. They
    are asked once whether this is to be a second one."""

    problem = "twice"


class UnsettledError(Exception):
    """The write may have been made, and reading could not tell. `change` can be checked later."""

    def __init__(self, change: Change) -> None:
        super().__init__("the outcome of the write is unknown")
        self.change = change


# The client knows no catalogue, so its sentences are marked here.
SENTENCES = (
    gettext_noop("The call to Caigunn failed"),
    gettext_noop("Caigunn refused the access token"),
    gettext_noop("Caigunn did not allow this call"),
    gettext_noop("Caigunn does not know what was asked for"),
    gettext_noop("Caigunn rejected the request"),
    gettext_noop("Caigunn asks to wait before the next call"),
    gettext_noop("Caigunn could not be reached"),
    gettext_noop("Caigunn may have made this change, its answer did not say"),
    gettext_noop("Caigunn answered a read in an unknown way"),
)


def in_english(error: CaigunnError) -> str:
    """What a Change keeps of an error: Caigunn's own words, else the client's, to be read with
    `Change.said`."""
    return error.detail or str(error)


def said(error: CaigunnError) -> str:
    """What an error says to people: Caigunn's own words, else the client's, in their language."""
    return stored.read(in_english(error))


def why(error: CaigunnError) -> dict[str, Any]:
    """What a Change that ends with this error says of it: `detail`, and `refused` by field."""
    fields = error.fields if isinstance(error, Rejected) else {}
    return {
        "detail": in_english(error),
        "refused": {name: list(messages) for name, messages in fields.items()},
    }
