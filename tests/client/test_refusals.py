"""401 and 403: a refused token is told from a refused call by one read of the plans."""

from collections.abc import Callable

import pytest
import responses
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    Forbidden,
    TokenRejected,
    Unavailable,
)

from .conftest import STUB, TOKEN

PLANS = f"{STUB}/api/external/user/plan"
CHATBOT = f"{STUB}/api/external/user/chatbot/c-1"
CALLS: dict[str, Callable[[CaigunnClient], object]] = {
    "GET": lambda client: client.get_chatbot("c-1"),
    "PUT": lambda client: client.update_webhook("c-1", None),
    "DELETE": lambda client: client.delete_chatbot("c-1"),
}


def refused(stub: responses.RequestsMock, method: str, url: str, status: int) -> None:
    stub.add(method, url, status=status, json={"detail": "No."})


@pytest.mark.parametrize("status", [401, 403])
def test_the_plan_read_is_its_own_probe(client: CaigunnClient, status: int) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, "GET", PLANS, status)
        with pytest.raises(TokenRejected) as caught:
            client.list_plans()
        assert len(stub.calls) == 1
    assert (caught.value.status, caught.value.detail) == (status, "No.")


@pytest.mark.parametrize("first", [401, 403])
@pytest.mark.parametrize("second", [401, 403])
def test_a_token_refused_twice_is_rejected(client: CaigunnClient, first: int, second: int) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, "PUT", CHATBOT, first)
        refused(stub, "GET", PLANS, second)
        with pytest.raises(TokenRejected):
            client.update_webhook("c-1", "u")
        assert len(stub.calls) == 2
        probe = stub.calls[1].request
        assert probe.headers["caigunn-access-token"] == TOKEN
        assert (probe.url or "").endswith("/plan?offset=0&limit=1")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_reads_plans_is_left_alone(client: CaigunnClient, status: int) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, "GET", CHATBOT, status)
        stub.get(PLANS, json={"plans": []})
        with pytest.raises(Forbidden) as caught:
            client.get_chatbot("c-1")
    assert (caught.value.status, caught.value.detail) == (status, "No.")


def test_a_refused_api_key_is_not_a_refused_token(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, "PUT", f"{STUB}/api/external/chatbot/webhook", 401)
        stub.get(PLANS, json={"plans": []})
        with pytest.raises(Forbidden):
            client.subscribe_webhook(SecretStr("k"), "https://example.com")
        assert "api-key" not in stub.calls[1].request.headers


def test_a_refused_refresh_is_asked_about_too(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, "GET", f"{STUB}/api/external/user/token/refresh", 401)
        stub.get(PLANS, status=401)
        with pytest.raises(TokenRejected):
            client.refresh_token()


@pytest.mark.parametrize(
    ("method", "expected"), [("GET", Unavailable), ("PUT", Forbidden), ("DELETE", Forbidden)]
)
@pytest.mark.parametrize("unclear", ["500", "429", "html", "302"])
def test_an_unclear_probe_leaves_the_token_alone(
    client: CaigunnClient, method: str, expected: type[CaigunnError], unclear: str
) -> None:
    with responses.RequestsMock() as stub:
        refused(stub, method, CHATBOT, 401)
        if unclear == "html":
            stub.get(PLANS, body="<html>Sign in</html>")
        else:
            stub.get(PLANS, status=int(unclear), headers={"Location": "https://other.example/"})
        with pytest.raises(expected) as caught:
            CALLS[method](client)
    assert type(caught.value) is expected
