"""What reached the sandbox, and what it is told to do wrong."""

from collections.abc import Callable

from chatbots.caigunn.records import ChatbotInfo
from chatbots.sandbox import Chatbot, Fault, Sandbox

PLANS = "/api/external/user/plan"
CHATBOTS = "/api/external/user/chatbot"
WEBHOOK = "/api/external/chatbot/webhook"
REFRESH = "/api/external/user/token/refresh"

TOKEN_REFUSED = "Caigunn does not accept your access token"
NOT_UNDERSTOOD = "Caigunn answered in a way this dashboard does not understand"
NO_ANSWER = "Caigunn does not answer"
MAY_HAVE_SAVED = "Caigunn may have saved this"

# Reads that fail for a while are tried three times.
ALWAYS = 99

BAD_BODIES: dict[str, Callable[[str], Fault]] = {
    "HTML": lambda path: Fault("not_json", path=path, times=ALWAYS),
    "empty": lambda path: Fault("empty", path=path, times=ALWAYS),
    "cut": lambda path: Fault("cut", path=path, times=ALWAYS),
    "deep": lambda path: Fault("deep", path=path, times=ALWAYS),
    "5,000 digits": lambda path: Fault("big_int", path=path, times=ALWAYS),
    "NaN": lambda path: Fault("not_json", path=path, times=ALWAYS, body=b'{"detail": NaN}'),
    "not UTF-8": lambda path: Fault("bad_utf8", path=path, times=ALWAYS),
    "wrong types": lambda path: Fault(
        "not_json",
        path=path,
        times=ALWAYS,
        body={"plans": 7, "chatbots": {"id": []}, "id": [], "title": {}, "webhook_url": 5},
    ),
    "missing keys": lambda path: Fault("not_json", path=path, times=ALWAYS, body={}),
}


def only(path: str) -> str:
    """The regular expression of exactly this path."""
    return f"^{path}$"


def calls(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Method and path of what reached the sandbox, in order."""
    return [(request.method, request.path) for request in sandbox.requests]


def writes(sandbox: Sandbox) -> list[str]:
    """Methods of the requests that may change something."""
    return [request.method for request in sandbox.requests if request.method != "GET"]


def refuse_token(sandbox: Sandbox) -> None:
    """From now on Caigunn refuses every call with this token."""
    sandbox.order(Fault("status", status=401, body={"detail": "Token expired"}, times=ALWAYS))


def fail(sandbox: Sandbox, path: str, status: int, **more: object) -> None:
    """From now on the path answers this status."""
    detail = {"detail": f"Said with {status}"}
    sandbox.order(Fault("status", path=path, status=status, body=detail, times=ALWAYS, **more))  # type: ignore[arg-type]


def info_path(bot: Chatbot) -> str:
    """The regular expression of Get Chatbot Info about this chatbot."""
    return only(f"{CHATBOTS}/{bot.id}")


def full_of_text(sandbox: Sandbox, bot: Chatbot) -> dict[str, str]:
    """Gives every documented text field of the chatbot a value of its own."""
    unusual = {"id", "api_key", "opentalk_api_token"}
    values = {
        name: f"value-of-{name}"
        for name, about in ChatbotInfo.model_fields.items()
        if about.annotation == str | None and name not in unusual
    }
    sandbox.edit(bot.id, **values)
    return values
