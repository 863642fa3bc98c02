"""The rules for a webhook URL (design §9). Pure: text in, text or findings out."""

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from django.utils.translation import gettext as _

MAX_LENGTH = 2048
_IDEOGRAPHIC_STOPS = "。｡"
# Without width or ink, though Unicode counts them as letters, marks or symbols.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
    "|[\U000e0100-\U000e01ef]"
)
# Punctuation that may stand in a host; any other only looks like the ASCII one.
_HOST_PUNCTUATION = "·・"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".corp", ".test")


def problems(url: str) -> list[str]:
    """Why `url` cannot be a webhook URL, one sentence for each reason; empty if it can.

    Characters that look right and are not are named, never silently replaced.
    """
    found = _characters(url)
    if len(url) > MAX_LENGTH:
        found.append(
            _("It is %(length)s characters long; the most is %(most)s.")
            % {"length": len(url), "most": MAX_LENGTH}
        )
    return found or _parts(url)


def _characters(url: str) -> list[str]:
    found = []
    for char in dict.fromkeys(url):
        place = url.index(char) + 1
        if char in _IDEOGRAPHIC_STOPS or 0xFF01 <= ord(char) <= 0xFF5E:
            # The full-width forms stand in Unicode in the order of ASCII.
            plain = "." if char in _IDEOGRAPHIC_STOPS else chr(ord(char) - 0xFEE0)
            found.append(
                _("Character %(place)s is the full-width “%(char)s”; type “%(plain)s” instead.")
                % {"place": place, "char": char, "plain": plain}
            )
        elif char.isspace():
            found.append(_("Character %(place)s is a space.") % {"place": place})
        elif unicodedata.category(char)[0] == "C" or _INVISIBLE.match(char):
            found.append(
                _("Character %(place)s is invisible (U+%(code)s).")
                % {"place": place, "code": f"{ord(char):04X}"}
            )
    return found


def _parts(url: str) -> list[str]:  # noqa: PLR0911 - each reason stands alone
    if not re.match(r"https?://", url, re.IGNORECASE):
        return [_("It must begin with https:// or http://.")]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [_("Its host or port cannot be read.")]
    if parts.username is not None or parts.password is not None:
        return [_("It must not carry a user name or password.")]
    if not parts.hostname or not _is_host(parts.hostname, in_brackets="[" in parts.netloc):
        return [_("It names no usable host.")]
    if port == 0:
        return [_("Its host or port cannot be read.")]
    if "\\" in url:
        return [_("It has a backslash; addresses are written with “/”.")]
    return []


def _is_host(host: str, *, in_brackets: bool) -> bool:
    if in_brackets:
        try:
            ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            return False
        return "%" not in host
    if any(
        char not in _HOST_PUNCTUATION and unicodedata.category(char)[0] in "PSZ"
        for char in host
        if not char.isascii()
    ):
        return False
    try:
        name = host.encode("idna").decode().rstrip(".")
    except UnicodeError:
        return False
    labels = name.split(".")
    if labels[-1].isdigit():
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            return False
    return len(name) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def warnings(url: str) -> list[str]:
    """What is allowed, but rarely meant: plain http, a private host, a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    found = []
    if parts.scheme.lower() == "http":
        found.append(_("Plain http: anyone on the way can read what Caigunn sends."))
    if parts.hostname and _is_private(parts.hostname):
        found.append(_("A private host: Caigunn may not be able to reach it from outside."))
    if parts.fragment:
        found.append(_("The part after “#” is not sent to a server."))
    return found


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_PRIVATE_SUFFIXES)


def same(one: str | None, other: str | None) -> bool:
    """Whether two values name the same webhook: none and empty are alike, case of the host,
    a default port, an empty path and the case of percent-escapes make no difference. A value with
    spaces, control characters or look-alikes in it is another one: it is there to be put right."""
    return normalised(one) == normalised(other)


def normalised(url: str | None) -> str:
    """The form in which two spellings of one URL are equal; the text itself if it is no URL."""
    text = url or ""
    # urlsplit would drop some of them without a word.
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        return text
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or ""), parts.port
    except ValueError:
        return text
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host:
        return text
    return urlunsplit(
        SplitResult(
            parts.scheme.lower(),
            _netloc(parts, host, port),
            _escaped(parts.path) or "/",
            _escaped(parts.query),
            _escaped(parts.fragment),
        )
    )


def _netloc(parts: SplitResult, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else _ascii(host)
    login, at, _rest = parts.netloc.rpartition("@")
    if port is not None and port != _DEFAULT_PORTS[parts.scheme.lower()]:
        name = f"{name}:{port}"
    return f"{login}{at}{name}"


def _ascii(host: str) -> str:
    """The host as it is looked up; unchanged where that spelling would stand for another one."""
    try:
        name = host.encode("idna")
        is_exact = host.isascii() or name.decode("idna") == host
    except UnicodeError:
        return host
    return name.decode().lower() if is_exact else host


def _escaped(text: str) -> str:
    """Escapes in upper case, and what is not ASCII escaped as UTF-8."""
    upper = re.sub(r"%[0-9a-fA-F]{2}", lambda match: match.group().upper(), text)
    return quote(upper, safe="!#$%&'()*+,/:;=?@[]~-._", errors="surrogatepass")


def host_and_path(url: str) -> tuple[str, str]:
    """The host (with port) and all that follows it, for a column that is scanned by host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    if not parts.netloc:
        return url, ""
    rest = urlunsplit(SplitResult("", "", parts.path, parts.query, parts.fragment))
    return parts.netloc, "" if rest == "/" else rest
