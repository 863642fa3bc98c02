"""Which requests exist, who may make them, and what is refused before they do anything."""

import re
from dataclasses import dataclass

from . import operations
from .messages import Answer, RefusedError, Request
from .operations import Call, Dialect, Operation
from .world import User, World

_TRANSPORT_HEADERS = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "content-type",
    "content-length",
    "caigunn-access-token",
}
_USER = "/api/external/user"
_CHATBOT = "/api/external/chatbot"


@dataclass(frozen=True)
class _Route:
    method: str
    path: str
    operation: Operation
    takes_api_key: bool = False

    def match(self, path: str) -> str | None:
        """The id in the path, "" for a path that has none; None if the path is another."""
        found = re.fullmatch(self.path, path)
        return found and "".join(found.groups())


_ROUTES = (
    _Route("GET", f"{_USER}/token/refresh", operations.refresh_token),
    _Route("GET", f"{_USER}/plan", operations.list_plans),
    _Route("POST", f"{_USER}/chatbot", operations.create_chatbot),
    _Route("GET", f"{_USER}/chatbot", operations.list_chatbots),
    _Route("GET", f"{_USER}/chatbot/([^/]+)", operations.get_chatbot),
    _Route("PUT", f"{_USER}/chatbot/([^/]+)", operations.update_chatbot),
    _Route("DELETE", f"{_USER}/chatbot/([^/]+)", operations.delete_chatbot),
)
_LINE = _Route("PUT", f"{_CHATBOT}/webhook", operations.subscribe_webhook, takes_api_key=True)
_LATER = (
    _Route("DELETE", f"{_CHATBOT}/webhook", operations.unsubscribe_webhook, takes_api_key=True),
    _Route("GET", f"{_CHATBOT}/model", operations.list_models, takes_api_key=True),
    _Route("GET", f"{_CHATBOT}/event/([^/]+)", operations.list_webhook_logs, takes_api_key=True),
)
_EVER = (*_ROUTES, _LINE, *_LATER)


class Api:
    """Caigunn's external API of one dialect, over one world."""

    def __init__(self, dialect: Dialect, world: World) -> None:
        self._dialect = dialect
        self._world = world
        self._routes = _routes_of(dialect)

    def user_of(self, request: Request) -> User | None:
        """The user whose access token came with the request."""
        with self._world.lock:
            return self._world.user_of(request.headers.get("caigunn-access-token", ""))

    def respond(self, request: Request) -> Answer:
        """Do what is asked. Raises RefusedError."""
        route, chatbot_id = self._find(request)
        _check_headers(request, route)
        with self._world.lock:
            call = Call(
                self._dialect, self._world, self._authenticate(request), request, chatbot_id
            )
            return route.operation(call)

    def _authenticate(self, request: Request) -> User:
        if not request.headers.get("caigunn-access-token"):
            why = "the header caigunn-access-token is missing"
            raise RefusedError(403, "Not authenticated", why=why)
        user = self.user_of(request)
        if user is None:
            raise RefusedError(401, "Invalid access token")
        return user

    def _find(self, request: Request) -> tuple[_Route, str]:
        allowed: list[str] = []
        for route in self._routes:
            found = route.match(request.path)
            if found is not None and route.method == request.method:
                return route, found
            if found is not None:
                allowed.append(route.method)
        # A client that works with either date asks for what only the other one has.
        known = any(
            route.method == request.method and route.match(request.path) is not None
            for route in _EVER
        )
        if allowed:
            why = None if known else "the method is not documented for this path"
            headers = {"Allow": ", ".join(allowed)}
            raise RefusedError(405, "Method Not Allowed", why=why, headers=headers)
        raise RefusedError(404, "Not Found", why=None if known else "the path is not documented")


def _routes_of(dialect: Dialect) -> tuple[_Route, ...]:
    if dialect.as_of == "2024-11":
        return _EVER
    # In 2024-07, where the samples alone tell the truth, the request line is a path of no server.
    return _ROUTES if dialect.webhook_route == "samples" else (*_ROUTES, _LINE)


def _check_headers(request: Request, route: _Route) -> None:
    allowed = _TRANSPORT_HEADERS | ({"api-key"} if route.takes_api_key else set())
    wrong = sorted({*request.headers} - allowed | request.repeated_headers)
    if wrong:
        why = f"undocumented or repeated header: {', '.join(wrong)}"
        raise RefusedError(400, "Bad Request", why=why)
