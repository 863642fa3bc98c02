"""The member's own access token: connect or replace, refresh, disconnect."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from caigunn_admin.activity.record import Request
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.recent import ProofNeeded, is_proved, proof_page, proof_required
from chatbots import faults, form_state
from chatbots.caigunn import CaigunnError, Forbidden, Rejected, TokenRejected
from chatbots.forms import AccessTokenForm, RefreshForm
from chatbots.models import AccessToken, Connection
from chatbots.rendering import draw, safe_next
from chatbots.services import refresh as refreshing
from chatbots.services import token as service
from chatbots.services.access import note_rejected
from chatbots.services.connections import sharers
from chatbots.views.guards import reason_of


@sensitive_post_parameters("access_token")
@require_http_methods(["GET", "HEAD", "POST"])
def token(request: MemberRequest) -> HttpResponse:
    """What is known of the connection, and the form that connects or replaces it."""
    if request.method != "POST":
        return _page(request, AccessTokenForm())
    if not is_proved(request):
        # Before the token is looked at: it is neither checked nor kept.
        raise ProofNeeded
    form = AccessTokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    values = form.cleaned_data
    try:
        service.connect(_asked_by(request), values["access_token"], values["label"])
    except (TokenRejected, Forbidden, Rejected) as error:
        form.add_error("access_token", _("Caigunn does not accept this token. Nothing was saved."))
        if error.detail:
            form.add_error("access_token", error.detail)
        return _page(request, form, status=422)
    except CaigunnError as error:
        return _page(request, form, error=faults.screen(error, page=reverse("token")))
    messages.success(request, _("Connected. Caigunn accepted the token in a read just now."))
    return redirect(safe_next(request, reverse("token")))


@require_POST
@proof_required
def refresh(request: MemberRequest) -> HttpResponse:
    """Exchange the token for a new one; once, however many press."""
    record = _own_record(request)
    if record is None:
        return redirect("token")
    if refusal := _why_not_refreshed(request, record):
        messages.error(request, refusal)
        return redirect("token")
    form = RefreshForm(request.POST)
    if not form.is_valid():
        return _page(request, AccessTokenForm(), refresh_form=form, status=422)
    try:
        _refresh(request, record, form)
    except refreshing.RefreshUnknownError:
        messages.warning(
            request, _("Caigunn may have refreshed the token: its answer did not arrive.")
        )
        # Drawn here and not after a redirect: the date that was typed is still asked for.
        return _page(request, AccessTokenForm(), refresh_form=form, status=504)
    except CaigunnError as error:
        return _not_refreshed(request, form, error)
    return redirect("token")


def _refresh(request: MemberRequest, record: AccessToken, form: RefreshForm) -> None:
    """Refresh, or find out how the last refresh ended, and say so in a message."""
    try:
        if record.refresh_died(timezone.now()):
            _settle(request, record)
        else:
            refreshing.refresh(_asked_by(request), record, form.cleaned_data["expired_date"])
            messages.success(request, _("Refreshed. The new token is in use; the old one ended."))
    except refreshing.RefreshRunningError:
        messages.info(request, _("It is being refreshed already, or has just been."))


def _not_refreshed(request: MemberRequest, form: RefreshForm, error: CaigunnError) -> HttpResponse:
    if isinstance(error, Rejected):
        form.add_error("expired_date", error.detail or _("Caigunn refused this date."))
        return _page(request, AccessTokenForm(), refresh_form=form, status=422)
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
    screen = faults.screen(error, page=reverse("token"))
    return _page(request, AccessTokenForm(), refresh_form=form, error=screen)


@require_POST
@proof_required
def disconnect(request: MemberRequest) -> HttpResponse:
    """End the member's own connection."""
    service.disconnect(_asked_by(request))
    messages.success(request, _("Disconnected. Nothing is sent to Caigunn for you any more."))
    return redirect("token")


def _is_about_another_token(request: MemberRequest, record: AccessToken) -> bool:
    """Whether the form was drawn before the last refresh: sent again, it would refresh again."""
    state = form_state.read(request.POST.get("state", ""), request.user, f"refresh {record.pk}")
    return state is not None and state.started_from != record.fingerprint


def _settle(request: MemberRequest, record: AccessToken) -> None:
    if refreshing.settle_refresh(_asked_by(request), record):
        messages.success(request, _("Checked: the stored token works."))
    else:
        messages.error(request, _("Checked: the stored token has ended. Connect a new one."))


def _asked_by(request: MemberRequest) -> Request:
    return Request(request.user, request.request_id, reason=reason_of(request))


def _own_record(request: MemberRequest) -> AccessToken | None:
    connection = (
        Connection.objects.select_related("access_token__connected_by")
        .filter(member=request.user)
        .first()
    )
    if connection is None:
        return None
    # The frame of the page asks the member for it, and finds what is true now.
    connection.member = request.user
    return connection.access_token


def _why_not_refreshed(request: MemberRequest, record: AccessToken) -> str:
    """Why this member may not refresh this token; empty if they may."""
    if _is_for_elsewhere(record):
        return _("This token belongs to another address. Connect a new one.")
    if not refreshing.may_refresh(request.user, record):
        return _("Only the member who connected it, or an Admin, refreshes it.")
    if _is_about_another_token(request, record):
        return _("It is being refreshed already, or has just been.")
    return ""


def _is_for_elsewhere(record: AccessToken) -> bool:
    """Whether it was connected while this dashboard talked to another address: never sent here."""
    here: str = settings.CAIGUNN_API_BASE_URL
    return record.api_base_url != here


def _page(
    request: MemberRequest,
    form: AccessTokenForm,
    *,
    refresh_form: RefreshForm | None = None,
    error: ErrorScreen | None = None,
    status: int = 200,
) -> HttpResponse:
    record = _own_record(request)
    shared_by = sharers(record) if record else ()
    context = {
        "form": form,
        "refresh_form": refresh_form or RefreshForm(),
        "record": record,
        "is_elsewhere": record is not None and _is_for_elsewhere(record),
        "may_refresh": record is not None
        and not _is_for_elsewhere(record)
        and refreshing.may_refresh(request.user, record),
        "is_proved": is_proved(request),
        "proof_page": proof_page(request),
        "proof_query": urlencode({"next": request.get_full_path()}),
        "is_unknown": record is not None and record.refresh_died(timezone.now()),
        "sharers": shared_by,
        "shared_by": len(shared_by),
        "refresh_state": form_state.issue(request.user, f"refresh {record.pk}", record.fingerprint)
        if record
        else "",
        "next": safe_next(request, ""),
        "error": error,
        "request_id": request.request_id,
    }
    if error is not None:
        return draw(request, "token.html", context, status=error.status, headers=error.headers)
    return draw(request, "token.html", context, status=status)
