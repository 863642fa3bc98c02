"""The environment that every test runs in, set before Django reads its settings.

pytest loads it as a plugin (`-p tests.environment`). It pins every variable that the settings
read, so that neither a developer's shell nor `.env` changes what is tested.
"""

import os
import shutil

PINNED = {
    "SECRET_KEY": "for-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
    "SECRET_KEY_FALLBACKS": "",
    "TOKEN_KEYS": f"tests:{'t' * 42}Q=",
    "DEBUG": "off",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "SITE_SCHEME": "http",
    "CSRF_TRUSTED_ORIGINS": "",
    "TRUSTED_PROXY_COUNT": "0",
    "TWO_FACTOR_REQUIRED": "nobody",
    "DATABASE_URL": "sqlite://:memory:",
    "CACHE_URL": "dbcache://caigunn_cache",
    "EMAIL_URL": "",
    "EMAIL_FROM": "",
    # Nothing listens at the discard port: a test that forgets its stub is refused at once.
    "CAIGUNN_API_BASE_URL": "http://127.0.0.1:9",
    "CAIGUNN_CONNECT_TIMEOUT": "3",
    "CAIGUNN_READ_TIMEOUT": "10",
    "CAIGUNN_TOTAL_TIMEOUT": "20",
    "CAIGUNN_CONCURRENCY": "16",
    "LOG_FORMAT": "plain",
    "PORT": "8000",
}
# An empty …_FILE counts as none, and keeps one in `.env` out.
PINNED |= {f"{name}_FILE": "" for name in PINNED}

os.environ.update(PINNED)
# Playwright's event loop stays in the thread of the tests once a browser has started, and Django
# takes every later test there for asynchronous code. Nothing in this project is.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def chromium() -> str | None:
    """The Chromium on PATH for tests in a browser; None where Playwright's own is to be used."""
    names = ("chromium", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)
