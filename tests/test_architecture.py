"""What holds for the code as a whole: who may reach what, who may name what, and sizes."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

ROOT = Path(settings.BASE_DIR)
PRODUCT = ("caigunn_admin", "chatbots")
MOST_LINES = 350

# What answers without sign-in, and why.
PUBLIC = {
    "healthz": "the host's probe has no account",
    "readyz": "the host's probe has no account",
    "account_login": "where one signs in",
    "account_logout": "sends whoever has signed out already to the sign-in page",
    "account_inactive": "tells a removed member so",
    "account_signup": "says that sign-up is closed",
    "account_email_verification_sent": "stands before the first sign-in",
    "account_confirm_email": "the link in a mail; its key is the proof",
    "mfa_authenticate": "the second half of signing in; without the first it leads back there",
    "mfa_login_webauthn": "signing in with a passkey",
    "invitation": "for those who are not members yet; the key in the link is the proof",
    "account_confirm_login_code": "sends to the sign-in page: there are no sign-in codes",
    "account_reset_password": "for those who cannot sign in",
    "account_reset_password_done": "for those who cannot sign in",
    "account_reset_password_from_key": "the link in a mail; its key is the proof",
    "account_reset_password_from_key_done": "for those who cannot sign in",
}

# design.md §2
FIXED_ROOMS = {
    *("manage.py", "caigunn_admin", "chatbots", "templates", "static", "tests"),
    *("requirements.txt", "Procfile"),
}
USUAL_ROOMS = {
    *("README.md", "CHANGELOG.md", "pyproject.toml", "requirements-dev.txt", "Makefile", "locale"),
    *(".env.example", ".gitignore", ".ci"),
}


def sources(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    """The files of ours with these suffixes, migrations left out."""
    for path in chain.from_iterable((ROOT / folder).rglob("*") for folder in folders):
        if path.suffix in suffixes and "migrations" not in path.parts:
            yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Addresses


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


# What stands in the address before the pattern of its own.
IN_FRONT = {"mfa_remove_webauthn": ["pk"], "mfa_edit_webauthn": ["pk"]}


def address_of(pattern: URLPattern) -> str:
    """An address that this pattern matches."""
    sample = {"change_id": "4e9a0a0e-3f0a-4f65-9a3b-2f6a1b8f9d11"}
    names = {*pattern.pattern.regex.groupindex, *IN_FRONT.get(str(pattern.name), ())}
    return reverse(str(pattern.name), kwargs={name: sample.get(name, "1") for name in names})


def asks_to_sign_in(client: Client, address: str) -> bool:
    """Whether the address sends whoever is not signed in to the sign-in page, by any method."""
    page = reverse("account_login") + "?next="
    answers = [send(address) for send in (client.get, client.post, client.put, client.delete)]
    return all(
        answer.status_code == 302 and answer.headers["Location"].startswith(page)
        for answer in answers
    )


@pytest.mark.django_db
def test_only_the_listed_addresses_answer_without_sign_in() -> None:
    client = Client(SERVER_NAME="localhost")
    all_patterns = list(patterns(get_resolver()))
    assert all(pattern.name for pattern in all_patterns)
    public = {
        str(pattern.name)
        for pattern in all_patterns
        if not asks_to_sign_in(client, address_of(pattern))
    }
    assert public == set(PUBLIC)


# Who names what


def test_of_the_site_only_settings_and_urls_name_the_chatbots() -> None:
    naming = {
        name_of(path)
        for path in sources("caigunn_admin")
        if re.search(r"\bchatbots\b", path.read_text(encoding="utf-8"))
    }
    assert naming == {"caigunn_admin/settings.py", "caigunn_admin/urls.py"}


def imported_by(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_only_the_transport_imports_requests() -> None:
    importers = {name_of(path) for path in sources(*PRODUCT) if "requests" in imported_by(path)}
    assert importers == {"chatbots/caigunn/transport.py"}


# Sizes and places


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    suffixes = (".py", ".html", ".css", ".js")
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources(*PRODUCT, "templates", "static", "tests", suffixes=suffixes)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_the_top_level_holds_what_every_project_has_and_nothing_else() -> None:
    ignored = [
        line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ]
    present = {
        path.name
        for path in ROOT.iterdir()
        if path.name != ".git" and not any(fnmatch(path.name, pattern) for pattern in ignored)
    }
    assert present >= FIXED_ROOMS
    assert present <= FIXED_ROOMS | USUAL_ROOMS


# Templates

TEMPLATES = sorted(
    path.relative_to(ROOT / "templates").as_posix()
    for path in sources("templates", suffixes=(".html",))
)
INLINE = re.compile(
    r"""\sstyle\s*=|<style\b|<script\b(?![^>]*\s(?:src=|type="application/json"))|\son\w+\s*=|\shx-on\b|javascript:""",
    re.IGNORECASE,
)


def test_no_template_has_a_style_script_or_handler_inline() -> None:
    found = {
        name: INLINE.findall((ROOT / "templates" / name).read_text(encoding="utf-8"))
        for name in TEMPLATES
    }
    assert {name: parts for name, parts in found.items() if parts} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">',
        "<style>p{}</style>",
        "<script>go()</script>",
        '<script type="module">go()</script>',
        '<a onclick="go()">',
        '<a hx-on:click="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_the_search_for_inline_code_finds(text: str) -> None:
    assert INLINE.search(text)


def test_a_script_in_a_file_is_not_inline_and_json_is_no_script() -> None:
    assert not INLINE.search('<script defer src="/static/js/app.js"></script>')
    assert not INLINE.search('<script data-for="a" type="application/json">{}</script>')


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


def test_every_template_that_the_code_or_a_template_names_exists() -> None:
    named: dict[str, str] = {}
    for path in sources(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= dict.fromkeys(re.findall(r"^[\w/]+\.html", node.value), name_of(path))
    for path in sources("templates", suffixes=(".html",)):
        text = path.read_text(encoding="utf-8")
        inside = re.findall(r"""{% (?:extends|include) ["']([\w/]+\.html)""", text)
        inside += [f"components/{name}.html" for name in re.findall(r'{% component "(\w+)"', text)]
        named |= dict.fromkeys(inside, name_of(path))
    assert "error.html" in named
    for name in named:
        get_template(name)


# Rows of the list are drawn up to 100 times: an include for each costs more than all the rest.
SPELLED_OUT = {"chatbots/list.html", "chatbots/_webhook_cell.html", "chatbots/webhook.html"}
COMPONENT = re.compile(
    r'class="(?:button|badge|notice|panel|empty|tabs|pager|skeleton|secret)[" ]'
    r"|<(?:table|dialog|meter)\b|data-copy"
)


def test_a_component_stands_in_one_place() -> None:
    twice = {
        name: found
        for name in TEMPLATES
        if not name.startswith(("components/", "allauth/elements/")) and name not in SPELLED_OUT
        if (found := COMPONENT.findall((ROOT / "templates" / name).read_text(encoding="utf-8")))
    }
    assert twice == {}


def test_what_is_spelled_out_is_spelled_out_still() -> None:
    for name in SPELLED_OUT:
        assert COMPONENT.search((ROOT / "templates" / name).read_text(encoding="utf-8"))


def test_every_component_stands_in_the_style_guide() -> None:
    shown = (ROOT / "templates" / "styleguide.html").read_text(encoding="utf-8")
    shown += (ROOT / "templates" / "components" / "field.html").read_text(encoding="utf-8")
    for path in (ROOT / "templates" / "components").glob("*.html"):
        assert re.search(rf"components/{path.stem}\.html|component \"{path.stem}\"", shown), (
            path.stem
        )


def test_every_button_leads_to_an_address_that_exists() -> None:
    """Django says nothing where a template puts an unknown name into a variable."""
    names = set(get_resolver().reverse_dict)
    led_to = {
        (name, to)
        for name in TEMPLATES
        for to in re.findall(
            r'(?:button|tab)\.html" with [^%]*\bto="(\w+)"', (ROOT / "templates" / name).read_text()
        )
    }
    assert len(led_to) > 20
    assert {(name, to) for name, to in led_to if to not in names} == set()
