"""The start: what is refused, what is on by default, and that the documents name every variable."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from chatbots.management.commands import demo
from tests.environment import PINNED

ROOT = Path(settings.BASE_DIR)
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
LONG = "correct-horse-battery-staple-0123456789-ABCDEFGHIJ-xyz"
CHECK = ("manage.py", "check")


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the tests' environment and these changes."""
    environment = os.environ | PINNED | changes
    # Meant for the process of the tests alone; `check --deploy` rightly warns of it.
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def values_of(*names: str, **changes: str) -> dict[str, Any]:
    """What the settings of these names are under an environment with these changes."""
    code = (
        "import json; from caigunn_admin import settings as s;"
        f"print(json.dumps({{name: getattr(s, name, None) for name in {names!r}}}))"
    )
    done = run("-c", code, **changes)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def test_an_empty_number_is_the_default() -> None:
    assert values_of("PORT", "CAIGUNN_CONCURRENCY", PORT="", CAIGUNN_CONCURRENCY=" ") == {
        "PORT": 8000,
        "CAIGUNN_CONCURRENCY": 16,
    }


# What stops the start


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": " \n"}, "SECRET_KEY"),
        ({"SECRET_KEY_FILE": "/nowhere/secret-key"}, "SECRET_KEY_FILE"),
        ({"TOKEN_KEYS": ""}, "TOKEN_KEYS"),
        ({"TOKEN_KEYS_FILE": "/nowhere/token-keys"}, "TOKEN_KEYS_FILE"),
        ({"SITE_SCHEME": "ftp"}, "SITE_SCHEME"),
        ({"SITE_SCHEME": "http", "ALLOWED_HOSTS": "admin.example.com"}, "SITE_SCHEME"),
        ({"SITE_SCHEME": "http", "ALLOWED_HOSTS": "localhost,*"}, "SITE_SCHEME"),
        ({"CAIGUNN_API_BASE_URL": "http://caigunn.example"}, "CAIGUNN_API_BASE_URL"),
        ({"CAIGUNN_API_BASE_URL": "caigunn.example"}, "CAIGUNN_API_BASE_URL"),
        ({"CAIGUNN_API_BASE_URL": "https://caigunn.example/?a=b"}, "CAIGUNN_API_BASE_URL"),
        ({"CAIGUNN_TOTAL_TIMEOUT": "0"}, "_TOTAL_TIMEOUT"),
        ({"CAIGUNN_CONCURRENCY": "0"}, "CAIGUNN_CONCURRENCY"),
        ({"DATABASE_URL": "mysql://user:hidden-word@db.example/name"}, "DATABASE_URL"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT"),
        ({"PORT": "abc"}, "PORT"),
        ({"TRUSTED_PROXY_COUNT": "one"}, "TRUSTED_PROXY_COUNT"),
        ({"CAIGUNN_READ_TIMEOUT": "10s"}, "CAIGUNN_READ_TIMEOUT"),
    ],
)
def test_a_value_that_cannot_work_stops_the_start_with_one_line(
    changes: dict[str, str], named: str
) -> None:
    done = run("-c", "import caigunn_admin.settings", **changes)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("caigunn-admin cannot start: ")
    assert named in line
    assert "hidden-word" not in line


def test_gunicorn_gives_up_when_the_settings_stop_it() -> None:
    options = ("--bind", "127.0.0.1:0", "--no-control-socket")
    done = run("-m", "gunicorn", "caigunn_admin.wsgi", *options, SECRET_KEY="")
    assert done.returncode == 3
    assert "caigunn-admin cannot start: set SECRET_KEY" in done.stderr


@pytest.mark.parametrize(
    "keys",
    [KEY, "first:too-short", f"first:{KEY}!", f"first:{KEY},first:{KEY}", f"a b:{KEY}", ","],
    ids=["no id", "too short", "not base64", "an id twice", "an id with a space", "no entry"],
)
def test_keys_that_cannot_be_read_are_refused_without_being_shown(keys: str) -> None:
    done = run(*CHECK, TOKEN_KEYS=keys)
    assert done.returncode != 0
    assert "TOKEN_KEYS" in done.stderr
    assert KEY not in done.stderr
    assert "too-short" not in done.stderr


@pytest.mark.parametrize("url", ["locmemcache://", "dummycache://", "filecache:///nowhere/cache"])
def test_a_cache_of_one_process_is_refused(url: str) -> None:
    done = run(*CHECK, CACHE_URL=url)
    assert done.returncode != 0
    assert "(caigunn.E001)" in done.stderr


def test_a_lease_that_a_slow_page_would_outlive_is_refused() -> None:
    done = run(*CHECK, CAIGUNN_TOTAL_TIMEOUT="25")
    assert done.returncode != 0
    assert "(caigunn.E002)" in done.stderr
    assert "CAIGUNN_TOTAL_TIMEOUT" in done.stderr


@pytest.mark.parametrize("command", ["make_token_key", "demo", "collectstatic"])
def test_a_command_that_uses_no_key_asks_for_none(command: str) -> None:
    done = run("manage.py", command, "--help", SECRET_KEY="", TOKEN_KEYS="")
    assert done.returncode == 0, done.stderr


def test_a_new_key_is_one_that_the_settings_take() -> None:
    made = run("manage.py", "make_token_key", SECRET_KEY="", TOKEN_KEYS="")
    done = run(*CHECK, TOKEN_KEYS=f"new:{made.stdout}")
    assert done.returncode == 0, done.stderr


# What is read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SECRET_KEY", LONG),
        ("TOKEN_KEYS", f"file:{KEY}"),
        ("DATABASE_URL", "sqlite:////nowhere/from-file.sqlite3"),
        ("CACHE_URL", "redis://cache.example:6379/0"),
        ("EMAIL_URL", "smtp+tls://user:word@mail.example:587"),
    ],
)
def test_a_secret_is_read_from_a_file_and_stripped(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"  {text}\n\n")
    assert values_of(name, **{f"{name}_FILE": str(file)}) == {name: text}


def test_earlier_secret_keys_are_a_list() -> None:
    assert values_of("SECRET_KEY_FALLBACKS", SECRET_KEY_FALLBACKS="one, two") == {
        "SECRET_KEY_FALLBACKS": ["one", "two"]
    }


def test_nothing_is_mailed_without_an_address_to_mail_through() -> None:
    assert values_of("MAIL_IS_SENT", "EMAIL_BACKEND", EMAIL_URL="") == {
        "MAIL_IS_SENT": False,
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    }


# What is on


def test_over_https_cookies_are_bound_to_the_host_and_the_browser_stays_with_https() -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE")
    more = ("CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "DEBUG")
    assert values_of(*names, *more, SITE_SCHEME="https") == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "DEBUG": False,
    }


def test_over_http_on_this_machine_there_is_no_redirect_to_https() -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SECURE_SSL_REDIRECT")
    assert values_of(*names, "SECURE_HSTS_SECONDS", SITE_SCHEME="http") == {
        "SESSION_COOKIE_NAME": "session",
        "CSRF_COOKIE_NAME": "csrf",
        "SECURE_SSL_REDIRECT": False,
        "SECURE_HSTS_SECONDS": 0,
    }


def production_of_readme(secrets: Path) -> dict[str, str]:
    """The README's example of production settings, its secret files standing in `secrets`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```dotenv\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    for name, text in {
        "secret-key": LONG,
        "token-keys": f"main:{KEY}",
        "database-url": "postgres://caigunn:word@db.example:5432/caigunn",
    }.items():
        (secrets / name).write_text(text + "\n")
    lines = found[1].replace("/run/secrets", str(secrets)).splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict.fromkeys(PINNED, "") | defaults() | given


def defaults() -> dict[str, str]:
    """Every variable as `.env.example` gives it."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_production_settings_of_the_readme_pass_the_check(tmp_path: Path) -> None:
    given = production_of_readme(tmp_path)
    done = run(*CHECK, "--deploy", "--fail-level", "WARNING", **given)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_a_proxy_that_is_not_named_is_warned_of(tmp_path: Path) -> None:
    given = production_of_readme(tmp_path) | {"TRUSTED_PROXY_COUNT": "0"}
    done = run(*CHECK, "--deploy", "--fail-level", "WARNING", **given)
    assert "(caigunn.W001)" in done.stderr


# What the documents say


def read_by_settings() -> set[str]:
    """The variables that settings.py asks for, by `env.kind("NAME")`, `secret` and `number`."""
    tree = ast.parse((ROOT / "caigunn_admin" / "settings.py").read_text(encoding="utf-8"))
    names = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        by_env = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "env"
        if by_env or ast.unparse(call.func) in {"secret", "number"}:
            first = call.args[0]
            names |= {first.value} if isinstance(first, ast.Constant) else set()
    return {str(name) for name in names}


def test_the_example_holds_every_variable_that_is_read_and_no_other() -> None:
    assert set(defaults()) == read_by_settings()


def test_each_variable_of_the_example_is_explained() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert all("\n#" in f"\n{block}" for block in text.strip().split("\n\n"))
    assert len(text.strip().split("\n\n")) == len(defaults()) + 1


def test_the_readme_has_a_row_for_every_variable() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    assert rows == read_by_settings()


def test_tests_and_demo_leave_no_variable_to_chance() -> None:
    pinned = {name for name in PINNED if not name.endswith("_FILE")}
    assert pinned == read_by_settings()
    assert set(demo.pinned_settings(8000)) == read_by_settings()
