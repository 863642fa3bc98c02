"""Many members at once, in the threads of one child."""

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.test import Client

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.models import Connection
from chatbots.services import refresh as refreshing
from chatbots.services import token

THREADS = 8
T = TypeVar("T")


def join_crowd(tokens: str) -> Callable[[], Any]:
    """New members, each connected with the token of theirs in a JSON object by address; the key of
    a session of each, by address."""

    def join(person: tuple[str, str]) -> tuple[str, str]:
        email, access_token = person
        member = Member.objects.create_user(email, "a-password-for-tests", role=Role.EDITOR)
        token.connect(Request(member, "crowd"), access_token)
        client = Client(SERVER_NAME="localhost")
        client.force_login(member)
        return email, client.cookies[settings.SESSION_COOKIE_NAME].value

    return lambda: dict(_in_threads(join, json.loads(tokens).items()))


def visit_pages(visits: str, pattern: str) -> Callable[[], Any]:
    """Visit pages, given as a JSON list of session key and address. For each of them its status,
    and what the regular expression finds in it."""

    def visit(asked: tuple[str, str]) -> tuple[int, list[str]]:
        session, address = asked
        client = Client(SERVER_NAME="localhost")
        client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session})
        answer = client.get(address)
        return answer.status_code, sorted(set(re.findall(pattern, answer.content.decode())))

    return lambda: _in_threads(visit, json.loads(visits))


def refresh_all(emails: str) -> Callable[[], Any]:
    """Refresh the tokens of these members; what is stored for each afterwards, by address."""

    def refresh(email: str) -> tuple[str, str]:
        member = Member.objects.get(email=email)
        record = Connection.objects.select_related("access_token").get(member=member).access_token
        return email, refreshing.refresh(Request(member, "crowd"), record).open()

    return lambda: dict(_in_threads(refresh, json.loads(emails)))


def _in_threads(act: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
    """The results, in the order of the items; threads go from one to the next as gunicorn's do."""

    def acted(item: Any) -> T:
        try:
            return act(item)
        finally:
            if connection.vendor != "sqlite":
                connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(acted, items))
