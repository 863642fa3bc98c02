"""A browser without a screen: cookies, forms, and what was transferred."""

import gzip
import http.client
import re
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Visit:
    """An answer: `seconds` until its last byte, `packed` its bytes as they travelled."""

    status: int
    headers: dict[str, str]
    packed: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body, unpacked. Raises ValueError for what is not packed with gzip or not at all."""
        encoding = self.headers.get("content-encoding", "")
        if encoding == "gzip":
            return gzip.decompress(self.packed).decode()
        if encoding:
            raise ValueError(f"packed with {encoding}")
        return self.packed.decode()


class Visitor:
    """Asks one site; a new connection for each request, as a proxy in front of it does."""

    def __init__(self, url: str, **cookies: str) -> None:
        self._host = urlsplit(url).netloc
        self._cookies = cookies

    def get(self, path: str, *, accept: str = "gzip", **headers: str) -> Visit:
        """Ask for a page; `headers` are given with `_` for `-`."""
        return self._ask("GET", path, {"Accept-Encoding": accept, **_named(headers)}, None)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Visit:
        """Send a form, with the token that Django asks for."""
        form = {**form, "csrfmiddlewaretoken": self._cookies.get("csrf", "")}
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
        return self._ask("POST", path, {**kind, **_named(headers)}, urlencode(form))

    def fragment(self, target: str) -> dict[str, str]:
        """What htmx says of itself when it asks for the fragment `target` of the list."""
        here = f"http://{self._host}/chatbots/"
        return {"HX_Request": "true", "HX_Target": target, "HX_Current_URL": here}

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | None) -> Visit:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        started = time.perf_counter()
        connection = http.client.HTTPConnection(self._host, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            packed = answer.read()
        finally:
            connection.close()
        seconds = time.perf_counter() - started
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Visit(answer.status, named, packed, seconds)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def value_of(page: str, field: str) -> str:
    """The value of a hidden field. Raises ValueError if it is not there."""
    found = re.search(rf'name="{field}" value="([^"]*)"', page)
    if found is None:
        raise ValueError(f"no field {field}")
    return found[1]


def first_chatbot(page: str) -> str:
    """The id in the first row of the list. Raises ValueError if there is none."""
    found = re.search(r'href="/chatbots/([\w-]+)/"', page)
    if found is None:
        raise ValueError("no row")
    return found[1]


def parts_of(page: str) -> list[str]:
    """The paths of the files that the page loads, each once."""
    found = re.findall(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/[^"]+)"', page)
    return list(dict.fromkeys(found))
