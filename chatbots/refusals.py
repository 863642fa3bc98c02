"""Forms that cannot be taken: the session has ended, or the form was drawn before somebody signed
in. Their input is kept, and drawn again where its owner is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from caigunn_admin import errors
from chatbots import form_state, kept_input


def signed_out(request: HttpRequest) -> HttpResponse | None:
    """To the sign-in page, and from there back to the form with its input; None where there is
    nothing to keep."""
    try:
        back = kept_input.keep(request)
    except kept_input.TooLongError:
        unsent = errors.unsent(request)
        message = (
            _(
                "Nothing was changed. What you typed is too long to be kept here: sign in in "
                "another tab, then come back to this one and send it again."
            )
            if unsent
            else _(
                "Nothing was changed. What you typed is too long to be kept here: go back to the "
                "form and copy it before you sign in."
            )
        )
        links = ((_("Sign in"), resolve_url("account_login")),)
        screen = errors.ErrorScreen(403, _("You are signed out"), message, links=links)
        return errors.error_page(request, screen, unsent=unsent)
    if back is None:
        return None
    return _go(request, f"{resolve_url('account_login')}?{urlencode({'next': back})}")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was drawn before somebody signed in or out: drawn again with its input, for the
    member whom it was drawn for; else the page that says so."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return signed_out(request) or errors.csrf_failure(request, reason)
    if form_state.owner(request.POST.get("state", "")) == user.pk:
        try:
            back = kept_input.keep(request)
        except kept_input.TooLongError:
            back = None
        if back:
            return _go(request, back)
    return errors.csrf_failure(request, reason)


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", False) else redirect(url)
