"""What a browser makes of an answer: its text, links and forms, without the look."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from django.test import Client

VOID = frozenset({"input", "meta", "link", "img", "br", "hr"})
UNSEEN = frozenset({"script", "style", "template", "head"})


@dataclass
class Form:
    """A form as a browser without JavaScript would send it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    """Inputs that come more than once, such as the initial messages."""
    buttons: list[dict[str, str]] = field(default_factory=list)
    id: str = ""

    def submit(self, client: Client, press: str = "", **typed: Any) -> Any:
        """Send it with what was typed; `press` names the button pressed, where it has a name."""
        values: dict[str, Any] = {**self.fields, **self.rows, **typed}
        for button in self.buttons:
            if press and button.get("name") == press:
                values[press] = button.get("value", "")
        if self.method == "get":
            return client.get(self.action, values)
        return client.post(self.action, values)


class Drawn(HTMLParser):
    """The parts of an answer that tests look at. Classes and layout are no part of it."""

    def __init__(self, html: str, address: str = "/") -> None:
        super().__init__()
        self.html = html
        self._address = address
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.inline: list[str] = []
        self._words: list[str] = []
        self._open: list[str] = []
        self._hidden: list[int] = []  # how many elements were open where one is not shown
        self._form: Form | None = None
        self._select: str | None = None
        self._option: str | None = None
        self._textarea: str | None = None
        self.feed(html)
        self.close()
        self.text = " ".join("".join(self._words).split())

    @property
    def is_page(self) -> bool:
        """Whether it is a whole page."""
        return any(tag == "html" for tag, _ in self.tags)

    @property
    def ids(self) -> set[str]:
        """The ids."""
        return {attrs["id"] for _, attrs in self.tags if "id" in attrs}

    @property
    def hrefs(self) -> list[str]:
        """Where links lead."""
        return [attrs["href"] for tag, attrs in self.tags if tag == "a" and "href" in attrs]

    def attribute(self, name: str) -> list[str]:
        """The values of an attribute, wherever it stands."""
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def form(self, action: str) -> Form:
        """The first form that is sent to this address."""
        return next(form for form in self.forms if form.action == action)

    def has_form(self, action: str) -> bool:
        """Whether there is a form that is sent to this address."""
        return any(form.action == action for form in self.forms)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.append((tag, known))
        self.inline += [name for name in known if name.startswith("on") or name == "style"]
        # A script of type JSON is data: no browser runs it.
        runs = "src" not in known and known.get("type") != "application/json"
        if tag == "style" or (tag == "script" and runs):
            self.inline.append(tag)
        if tag not in VOID:
            self._open.append(tag)
            if "hidden" in known:
                self._hidden.append(len(self._open))
        self._note_form(tag, known)
        self._words.append(" ")

    def _note_form(self, tag: str, attrs: dict[str, str]) -> None:
        if tag == "form":
            method = attrs.get("method", "get").lower()
            self._form = Form(attrs.get("action", ""), method, id=attrs.get("id", ""))
            self.forms.append(self._form)
        if tag == "button" and "form" in attrs:
            # A button outside its form, which sends it to an address of the button's own.
            owner = next((form for form in self.forms if form.id == attrs["form"]), None)
            if owner is None:
                return
            owner.buttons.append(attrs)
            action = urljoin(self._address, attrs.get("formaction", owner.action))
            self.forms.append(Form(action, owner.method, owner.fields, buttons=[attrs]))
        if self._form is None:
            return
        if tag == "button":
            self._form.buttons.append(attrs)
        else:
            self._note_control(self._form, tag, attrs)

    def _note_control(self, form: Form, tag: str, attrs: dict[str, str]) -> None:
        if tag == "input" and "name" in attrs:
            is_box = attrs.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in attrs:
                _note_input(form, attrs["name"], attrs.get("value", ""))
        elif tag == "select":
            self._select = attrs.get("name")
        elif tag == "option" and self._select:
            if self._select not in form.fields or "selected" in attrs:
                form.fields[self._select] = attrs.get("value", "")
                self._option = None if "value" in attrs else self._select
        elif tag == "textarea":
            self._textarea = attrs.get("name")
            form.fields[attrs["name"]] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
            self._hidden = [depth for depth in self._hidden if depth <= len(self._open)]
        if tag == "form":
            self._form = None
        if tag in {"option", "select"}:
            self._option = None
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._textarea = None
        self._words.append(" ")

    def handle_data(self, data: str) -> None:
        if self._form and self._textarea:
            known = self._form.fields[self._textarea]
            # HTML drops the line break right after the tag.
            self._form.fields[self._textarea] = known + (data if known else data.removeprefix("\n"))
        if self._form and self._option:
            self._form.fields[self._option] += data
        if not UNSEEN & set(self._open) and not self._hidden:
            self._words.append(data)


def _note_input(form: Form, name: str, value: str) -> None:
    if name in form.fields:
        form.rows.setdefault(name, [form.fields[name]]).append(value)
    form.fields[name] = value


def drawn(response: Any) -> Drawn:
    """The answer, parsed."""
    return Drawn(response.content.decode(), str(response.request["PATH_INFO"]))


def htmx(target: str, page: str = "/chatbots/") -> dict[str, str]:
    """The headers with which htmx asks from `page` for the element with the id `target`."""
    return {
        "HX-Request": "true",
        "HX-Target": target,
        "HX-Current-URL": f"http://localhost{page}",
    }


def assert_fragment(response: Any, status: int = 200) -> Drawn:
    """The answer, which is a fragment: part of a page and not a page, with no template's name."""
    assert response.status_code == status, response.content.decode()[:2000]
    parts = drawn(response)
    assert not parts.is_page
    assert "<html" not in parts.html.lower()
    return parts


def assert_page(response: Any, status: int = 200) -> Drawn:
    """The answer, which is a whole page with this status."""
    assert response.status_code == status, response.content.decode()[:2000]
    parts = drawn(response)
    assert parts.is_page
    return parts


def assert_error(response: Any, status: int, says: str) -> Drawn:
    """The answer, which is an error that a page shows and that htmx can lift into its alerts."""
    parts = assert_page(response, status)
    assert "error-message" in parts.ids
    assert says in parts.text
    assert response["X-Request-ID"] in parts.text
    return parts


def assert_leads_to_sign_in(response: Any, back: str) -> None:
    """The plain answer sends whoever is not signed in to the sign-in page, and then back."""
    assert response.status_code == 302
    assert response["Location"] == f"/account/login/?next={back}"


def assert_htmx_leads_to_sign_in(response: Any, back: str) -> None:
    """The htmx answer does the same with a header, and `back` is the page, not the fragment."""
    assert response.status_code == 200
    assert response["HX-Redirect"] == f"/account/login/?next={back}"
    assert response.content == b""
