"""TLS: who is trusted, how often the certificates are read, and what a slow handshake costs."""

import ssl
from pathlib import Path

import pytest

from chatbots.caigunn import OutcomeUnknown, Unavailable

from .certificates import Authority
from .conftest import ClientFor, TransportFor
from .servers import Exchange, RawServer, answer

EMPTY = '{"plans": []}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_trusted_server_is_read_over_a_kept_connection(
    client_for: ClientFor, authority: Authority
) -> None:
    with RawServer(lambda _: answer(EMPTY), authority.server_context()) as server:
        client = client_for(server.url, ca_bundle=str(authority.bundle))
        client.list_plans()
        client.list_plans()
        assert (server.connections, len(server.seen)) == (1, 2)


@pytest.mark.parametrize("bundle", ["another authority", "the public ones"])
def test_an_unknown_authority_is_refused_once(
    client_for: ClientFor, authority: Authority, tmp_path: Path, bundle: str
) -> None:
    other = str(Authority(tmp_path).bundle) if bundle == "another authority" else None
    with RawServer(lambda _: answer(EMPTY), authority.server_context()) as server:
        client = client_for(server.url, ca_bundle=other)
        with pytest.raises(Unavailable):
            client.list_plans()
        assert server.connections == 1
        with pytest.raises(Unavailable):
            client.delete_chatbot("a")
        assert server.seen == []


def test_a_certificate_of_another_host_is_refused(
    client_for: ClientFor, authority: Authority
) -> None:
    with RawServer(lambda _: answer(EMPTY), authority.server_context("127.0.0.2")) as server:
        client = client_for(server.url, ca_bundle=str(authority.bundle))
        with pytest.raises(Unavailable):
            client.list_plans()
        assert server.seen == []


def test_the_certificates_are_read_once_for_all_connections(
    transport_for: TransportFor, client_for: ClientFor, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    with RawServer(lambda _: answer('{"token": "t"}'), authority.server_context()) as server:
        client = client_for(server.url, ca_bundle=str(authority.bundle))
        client.refresh_token()
        authority.bundle.unlink()
        client.refresh_token()
        client_for(server.url, ca_bundle=str(authority.bundle)).refresh_token()
        assert server.connections == 3


def test_a_context_may_be_given(client_for: ClientFor, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.bundle)
    with RawServer(lambda _: answer(EMPTY), authority.server_context()) as server:
        client_for(server.url, ssl_context=context).list_plans()
        assert len(server.seen) == 1


def test_a_server_that_does_not_shake_hands_is_given_up(client_for: ClientFor) -> None:
    # It waits for a plain request line, which a TLS client never sends.
    with RawServer(lambda _: answer(EMPTY)) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(Unavailable) as caught:
            client_for(url, connect_timeout=0.3).create_chatbot(title="t", plan_id="p")
        assert caught.value.timed_out
        with pytest.raises(Unavailable) as caught:
            client_for(url, seconds=0.3).list_plans()
        assert caught.value.timed_out
        assert server.seen == []


def test_a_drip_over_tls_ends_at_the_deadline(client_for: ClientFor, authority: Authority) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.socket.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")
        exchange.drip(b" ")

    with RawServer(drip, authority.server_context()) as server:
        bundle = str(authority.bundle)
        with pytest.raises(Unavailable) as caught:
            client_for(server.url, seconds=0.4, ca_bundle=bundle).list_plans()
        assert caught.value.timed_out
        with pytest.raises(OutcomeUnknown):
            client_for(server.url, seconds=0.4, ca_bundle=bundle).delete_chatbot("a")


def test_an_answer_cut_inside_tls_is_not_taken_for_whole(
    client_for: ClientFor, authority: Authority
) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.socket.sendall(answer(EMPTY, length=1_000))

    with RawServer(cut, authority.server_context()) as server:
        client = client_for(server.url, ca_bundle=str(authority.bundle))
        with pytest.raises(Unavailable):
            client.list_plans()
        assert len(server.seen) == 3
