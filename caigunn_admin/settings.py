"""All settings, from the environment, with secure defaults. What cannot work stops the start."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from caigunn_admin import logs
from caigunn_admin.environment import env, number, secret, stop
from chatbots import vault

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}
CAIGUNN_ADDRESS = "https://caigunn-api.ap-mic.com"
# Commands that seal and sign nothing themselves: the first makes a key, the second runs where an
# image is built, the third gives its children keys of their own.
KEYLESS_COMMANDS = ("make_token_key", "collectstatic", "demo")

DEBUG = env.bool("DEBUG", default=False)
is_keyless = "".join(sys.argv[1:2]) in KEYLESS_COMMANDS

SECRET_KEY = secret("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG and not is_keyless:
        stop("set SECRET_KEY (or SECRET_KEY_FILE) to 50 or more random characters.")
    SECRET_KEY = "for-development-only-" + "0" * 50
SECRET_KEY_FALLBACKS = [key.strip() for key in secret("SECRET_KEY_FALLBACKS").split(",") if key]

TOKEN_KEYS = secret("TOKEN_KEYS")
if not TOKEN_KEYS:
    if not DEBUG and not is_keyless:
        stop("set TOKEN_KEYS (or TOKEN_KEYS_FILE); `manage.py make_token_key` prints one.")
    TOKEN_KEYS = vault.DEVELOPMENT_KEYS
if problem := vault.why_unusable(TOKEN_KEYS, is_development=DEBUG or is_keyless):
    stop(problem)

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_SCHEME = env.str("SITE_SCHEME", default="https")
if SITE_SCHEME not in {"http", "https"}:
    stop("SITE_SCHEME is either https or http.")
if SITE_SCHEME == "http" and not set(ALLOWED_HOSTS) <= LOOPBACK:
    stop("SITE_SCHEME=http is accepted only while every host in ALLOWED_HOSTS is this machine.")
SECURE_SITE = SITE_SCHEME == "https"
PORT = int(number("PORT", 8000))

# Caigunn
CAIGUNN_API_BASE_URL = env.str("CAIGUNN_API_BASE_URL", default=CAIGUNN_ADDRESS).rstrip("/")
_caigunn = urlsplit(CAIGUNN_API_BASE_URL)
if _caigunn.scheme not in {"http", "https"} or not _caigunn.hostname or _caigunn.query:
    stop("CAIGUNN_API_BASE_URL is an address such as https://caigunn-api.ap-mic.com.")
if _caigunn.scheme == "http" and _caigunn.hostname not in LOOPBACK:
    stop("CAIGUNN_API_BASE_URL must be https: access tokens travel over it.")
CAIGUNN_CONNECT_TIMEOUT = number("CAIGUNN_CONNECT_TIMEOUT", 3.0)
CAIGUNN_READ_TIMEOUT = number("CAIGUNN_READ_TIMEOUT", 10.0)
CAIGUNN_TOTAL_TIMEOUT = number("CAIGUNN_TOTAL_TIMEOUT", 20.0)
CAIGUNN_CONCURRENCY = int(number("CAIGUNN_CONCURRENCY", 16))
if min(CAIGUNN_CONNECT_TIMEOUT, CAIGUNN_READ_TIMEOUT, CAIGUNN_TOTAL_TIMEOUT) <= 0:
    stop("CAIGUNN_CONNECT_TIMEOUT, _READ_TIMEOUT and _TOTAL_TIMEOUT are seconds above 0.")
if not 1 <= CAIGUNN_CONCURRENCY <= 64:
    stop("CAIGUNN_CONCURRENCY is a number from 1 to 64.")

# How long things last, in seconds. Settings, so that no test waits for real minutes.
FRESH_SECONDS = 60.0  # what was read is shown again without a call
KEPT_SECONDS = 24 * 3600.0  # … and is the last known copy while Caigunn is away
READ_BACK_WAIT_SECONDS = 1.0  # before a value that is still the old one is read once more
LEASE_SECONDS = 30.0  # above CAIGUNN_TOTAL_TIMEOUT: a lease outlives the request that holds it
PENDING_SECONDS = 60.0  # above LEASE_SECONDS: a Change that is pending longer has no writer
KEPT_INPUT_SECONDS = 24 * 3600.0  # what was typed into a form that could not be taken
KEPT_INPUT_BYTES = 64 * 1024
BREAKER_FAILURES = 3  # attempts in a row without an answer: Caigunn is away; 0: never
BREAKER_WINDOW_SECONDS = 30.0  # … and they lie within this time
BREAKER_PROBE_SECONDS = 15.0  # between two looks whether it is back
SEARCH_BOUND = 5_000  # chatbots walked for one search
SEARCH_READ_BOUND = 300  # chatbots read one by one for a search by webhook URL

INSTALLED_APPS = [
    "caigunn_admin.apps.SiteConfig",
    "caigunn_admin.team",
    "caigunn_admin.activity",
    "chatbots",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "caigunn_admin.apps.SiteFilesConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "heroicons",
    "template_partials",
]

MIDDLEWARE = [
    "caigunn_admin.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "caigunn_admin.middleware.CompressionMiddleware",
    "chatbots.checks.KeysMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "caigunn_admin.team.sessions.SessionUseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "caigunn_admin.middleware.NoStoreMiddleware",
    "caigunn_admin.middleware.WrongMethodMiddleware",
    "caigunn_admin.team.preferences.PreferencesMiddleware",
    "chatbots.middleware.KeepInputMiddleware",
    "caigunn_admin.middleware.MemberRequiredMiddleware",
    "caigunn_admin.team.two_factor.TwoFactorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "chatbots.middleware.CaigunnErrorMiddleware",
]

ROOT_URLCONF = "caigunn_admin.urls"
WSGI_APPLICATION = "caigunn_admin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatbots.context_processors.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "template_partials.templatetags.partials",
                "caigunn_admin.components",
                "caigunn_admin.steady_tags",
            ],
        },
    }
]

# Database and caches
DATABASE_URL = secret("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}"
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    # WAL lets readers work beside a writer; IMMEDIATE makes a writer wait its turn, not fail.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database["CONN_MAX_AGE"] = None
elif _database["ENGINE"].endswith("postgresql"):
    # A connection goes back to the pool before each call to Caigunn: slow calls hold none.
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        # As many as there are threads. Idle ones are closed soon, so that few are dead after a
        # restart of the server; those are found out before they are used.
        "pool": {"min_size": 1, "max_size": 40, "timeout": 10, "max_idle": 60},
    }
    _database["CONN_HEALTH_CHECKS"] = True
else:
    stop("DATABASE_URL is either sqlite:///… or postgres://….")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = secret("CACHE_URL") or "dbcache://caigunn_cache"


def _cache(table: str, prefix: str) -> dict[str, object]:
    config: dict[str, object] = dict(environ.Env.cache_url_config(CACHE_URL))
    if str(config["BACKEND"]).endswith("DatabaseCache"):
        config["LOCATION"] = table
        config["OPTIONS"] = {"MAX_ENTRIES": 50_000}
    return config | {"KEY_PREFIX": prefix}


# Rate limits stand apart from what was read, so that a full cache never forgets a wrong password.
CACHES = {
    "default": _cache("caigunn_limits", "limits"),
    "reads": _cache("caigunn_cache", "reads"),
}
# Its `add` lets one process win: on that rest the limits, and a code that is good for one sign-in.
for _config in CACHES.values():
    if str(_config["BACKEND"]).endswith("DatabaseCache"):
        _config["BACKEND"] = "caigunn_admin.cache.UpsertDatabaseCache"

# Who may sign in
AUTH_USER_MODEL = "team.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in [
        ("UserAttributeSimilarityValidator", {"user_attributes": ["email"]}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "caigunn_admin.team.adapter.ClosedAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_SCHEME
# The old password is asked for where it is changed: no more guesses there than at the sign-in.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "change_password": "5/5m/user"}
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "caigunn_admin.team.password_links.PasswordLinks"  # noqa: S105 - a class
INVITATION_SECONDS = 7 * 24 * 3600.0

# Two-factor sign-in
MFA_ADAPTER = "chatbots.sealed_mfa.SealedMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "activate_totp": "caigunn_admin.team.forms.SetUpAppForm",
    "authenticate": "caigunn_admin.team.forms.SecondStepForm",
    "reauthenticate": "caigunn_admin.team.forms.CodeProofForm",
    "add_webauthn": "caigunn_admin.team.forms.AddPasskeyForm",
    "edit_webauthn": "caigunn_admin.team.forms.EditPasskeyForm",
}
# Browsers give passkeys to https, and to this machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_SCHEME == "http"
TWO_FACTOR_REQUIRED = env.str("TWO_FACTOR_REQUIRED", default="admins")
if TWO_FACTOR_REQUIRED not in {"nobody", "admins", "everybody"}:
    stop("TWO_FACTOR_REQUIRED is nobody, admins or everybody.")

# Sessions
SESSION_ENGINE = "chatbots.sealed_sessions"
SESSION_IDLE_SECONDS = 8 * 3600.0
SESSION_ABSOLUTE_SECONDS = 7 * 24 * 3600.0
SESSION_SEEN_SECONDS = 300.0  # how exactly it is known when a session was used last
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE_SECONDS)
PROOF_SECONDS = 30 * 60.0  # how long a sign-in, or a password given once more, is proof enough
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(PROOF_SECONDS)

EMAIL_URL = secret("EMAIL_URL")
MAIL_IS_SENT = bool(EMAIL_URL)
EMAIL_TIMEOUT = 15
_named_hosts = [host for host in ALLOWED_HOSTS if not host.startswith((".", "*"))]
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="") or (
    f"Caigunn Admin <noreply@{_named_hosts[0] if _named_hosts else 'localhost'}>"
)
if EMAIL_URL:
    vars().update(environ.Env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# The browser's side of security
TRUSTED_PROXY_COUNT = int(number("TRUSTED_PROXY_COUNT", 0))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
if TRUSTED_PROXY_COUNT > 0:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SECURE_SITE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SITE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SITE
SECURE_HSTS_PRELOAD = SECURE_SITE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if SECURE_SITE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_SITE else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SITE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "chatbots.refusals.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Language and time
USE_I18N = True
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["caigunn_admin.formats"]
TIME_ZONE = "UTC"

LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
if LOG_FORMAT not in {"plain", "json"}:
    stop("LOG_FORMAT is either plain or json.")
LOGGING = logs.config(LOG_FORMAT)
