"""The store of sessions: each ends after a time without use, and for good some days after the
sign-in, whatever the browser's cookie says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

SIGNED_IN_AT = "signed_in_at"


class SessionStore(db.SessionStore):
    """Django's sessions in the database, with an end of their own. `expire_date` of a row is when
    it ends without further use."""

    # As it stood in the row; None before that was read.
    _idle_end: datetime | None = None

    def load(self) -> dict[str, Any]:
        row = self._get_session_from_db()  # type: ignore[attr-defined]  # django-stubs leaves it out
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        now, end = timezone.now(), _end(data)
        if end <= now:
            self.delete(row.session_key)
            self._session_key = None
            return {}
        self._idle_end = row.expire_date
        return data

    def note_use(self) -> None:
        """Put the end without use off, since the browser that the session belongs to has sent a
        request. Whoever else reads it, such as a list of sessions, does not prolong it so."""
        if self._idle_end is None or not self.session_key:
            return
        now, end = timezone.now(), _end({SIGNED_IN_AT: self.get(SIGNED_IN_AT)})
        idle_end = min(now + timedelta(seconds=settings.SESSION_IDLE_SECONDS), end)
        # Not on every request: a page must not write where it only reads.
        if idle_end - self._idle_end > timedelta(seconds=settings.SESSION_SEEN_SECONDS):
            Session.objects.filter(pk=self.session_key).update(expire_date=idle_end)
            UserSession.objects.filter(session_key=self.session_key).update(last_seen_at=now)

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        idle_end = timezone.now() + timedelta(seconds=settings.SESSION_IDLE_SECONDS)
        row.expire_date = min(idle_end, _end(data))
        return row


class SessionUseMiddleware:
    """Notes that a session is in use, once it has been read for a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(request.session, SessionStore) and request.session.accessed:
            request.session.note_use()
        return response


def _end(data: dict[str, Any]) -> datetime:
    """When a session ends for good: counted from the sign-in, where there was one."""
    signed_in_at = data.get(SIGNED_IN_AT)
    began = (
        datetime.fromtimestamp(signed_in_at, tz=timezone.now().tzinfo)
        if isinstance(signed_in_at, int | float)
        else timezone.now()
    )
    return began + timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
