"""`/healthz` and `/readyz`. Neither calls Caigunn."""

import base64

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from chatbots.sandbox import Sandbox

PATHS = ("/healthz", "/readyz")


def test_healthz_does_no_io(client: Client) -> None:
    # Without the fixture `db` any query raises.
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz(client: Client, db: None) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready\n")


@pytest.mark.parametrize("path", PATHS)
def test_neither_calls_caigunn(path: str, client: Client, db: None, sandbox: Sandbox) -> None:
    client.get(path)
    assert sandbox.requests == []
    sandbox.close()
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_wrong_method(path: str, client: Client, db: None) -> None:
    assert client.head(path).status_code == 200
    for method in (client.post, client.put, client.delete):
        assert method(path).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_the_answer_is_plain_and_not_stored(path: str, client: Client, db: None) -> None:
    response = client.get(path)
    assert response["Content-Type"] == "text/plain"
    assert "no-store" in response["Cache-Control"]


def test_a_migration_that_waits(client: Client, db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="chatbots").delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content.startswith(b"migrations: ")


def test_a_cache_table_that_is_missing(client: Client, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE caigunn_cache RENAME TO elsewhere")
    response = client.get("/readyz")
    assert (response.status_code, response.content[:17]) == (503, b"cache: no answer ")


@pytest.mark.parametrize(
    "keys",
    [
        f"tests:{base64.urlsafe_b64encode(b'x' * 32).decode()}",
        f"other:{base64.urlsafe_b64encode(b'x' * 32).decode()}",
        "tests:broken-key",
    ],
    ids=["another key of that name", "a key of another name", "a broken key"],
)
def test_keys_that_do_not_fit(keys: str, client: Client, db: None, settings: LazySettings) -> None:
    settings.TOKEN_KEYS = keys
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content.startswith(b"keys: ")
    assert keys.rpartition(":")[2].encode() not in response.content
