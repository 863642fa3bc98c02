"""The form of the settings: what a member fills in is what is asked for, and nothing else."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.html import escape

from chatbots.caigunn import Model
from chatbots.images import CheckedImage
from chatbots.settings_form import DeleteForm, NewChatbotForm, SettingsForm

from .settings_calls import picture_bytes

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SHOWN = {
    "title": "Old",
    "prompt": "Old prompt\nin two lines",
    "is_shared": "true",
    "model_id": ID,
    "webhook_url": "https://old.example.com/",
}
MODELS = tuple(Model(id=one, title=f"Model {one[:2]}") for one in (ID, OTHER))


def filled(
    typed: dict[str, Any] | None = None,
    shown: dict[str, Any] | None = None,
    files: dict[str, bytes] | None = None,
    models: tuple[Model, ...] = (),
    kind: type[SettingsForm] = SettingsForm,
) -> SettingsForm:
    """A form as a browser sends it: everything it showed, and what was `typed` over it."""
    initial = SHOWN if shown is None else shown
    data = QueryDict(mutable=True)
    for name, value in (initial | (typed or {})).items():
        data.setlist(name, value if isinstance(value, list) else [value])
    uploads = {name: [SimpleUploadedFile(name, one)] for name, one in (files or {}).items()}
    return kind(data, MultiValueDict(uploads), initial=initial, models=models)


def asked(typed: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    form = filled(typed, **how)
    assert form.is_valid(), form.errors
    return form.asked().values


def problem(field: str, value: Any, **how: Any) -> list[str]:
    form = filled({field: value}, **how)
    assert not form.is_valid()
    assert set(form.errors) == {field}
    return [str(message) for message in form.errors[field]]


@pytest.mark.parametrize("models", [(), MODELS])
def test_nothing_filled_in_asks_for_nothing(models: tuple[Model, ...]) -> None:
    assert asked(models=models) == {}
    # A browser sends line breaks of its own.
    assert asked({"prompt": SHOWN["prompt"].replace("\n", "\r\n")}, models=models) == {}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("title", " 客服 & Co. ", "客服 & Co."),
        ("prompt", "one\r\ntwo ", "one\ntwo "),
        ("prompt", "", ""),
        ("prompt", "  \r\n", ""),
        ("is_shared", "false", False),
        ("model_id", OTHER, OTHER),
        ("model_id", OTHER.replace("-", "").upper(), OTHER),
        ("model_id", f"urn:uuid:{OTHER}", OTHER),
        ("main_color", "#0F766e", "#0F766e"),
        ("main_color", "#abc", "#abc"),
        ("is_default_visible", "false", False),
        ("is_fixed", "true", True),
        ("show_history", "false", False),
        ("button_style", "basic", "basic"),
        (
            "initial_messages",
            ["您好", " ", "", "two & more"],
            [{"type": "text", "value": "您好"}, {"type": "text", "value": "two & more"}],
        ),
        (
            "allowed_domains",
            "https://a.example\r\n\r\n http://localhost:3000/ \r\nhttps://a.example/",
            ["https://a.example", "http://localhost:3000"],
        ),
    ],
)
def test_what_is_filled_in_is_asked_for_alone(name: str, typed: Any, value: Any) -> None:
    assert asked({name: typed}) == {name: value}


def test_pictures_are_asked_for_as_they_are() -> None:
    content = picture_bytes("GIF")
    values = asked(files={"avatar": content, "button_image": content})
    assert set(values) == {"avatar", "button_image"}
    for value in values.values():
        assert isinstance(value, CheckedImage)
        assert value.upload.content == content


@pytest.mark.parametrize("field", ["avatar", "button_image"])
@pytest.mark.parametrize("content", [b"<svg/>", b"", picture_bytes()[:60]])
def test_what_is_no_picture_is_refused_beside_its_field(field: str, content: bytes) -> None:
    form = filled(files={field: content})
    assert set(form.errors) == {field}


def test_empty_is_leave_as_it_is_for_all_but_the_prompt() -> None:
    empty = dict.fromkeys(set(SHOWN) - {"title"}, "")
    assert asked(empty) == {"prompt": ""}


def test_a_form_that_came_without_the_prompt_does_not_clear_it() -> None:
    data = QueryDict("title=New")
    form = SettingsForm(data, initial=SHOWN)
    assert form.is_valid()
    assert form.asked().values == {"title": "New"}


def test_an_empty_prompt_where_there_was_none_asks_for_nothing() -> None:
    assert asked({"prompt": " "}, shown=SHOWN | {"prompt": ""}) == {}
    assert asked({"prompt": ""}, shown=SHOWN | {"prompt": None}) == {}


def test_a_title_cannot_be_taken_away() -> None:
    assert problem("title", "  ")
    assert problem("title", "x" * 1001)
    assert asked({"title": "長" * 300}) == {"title": "長" * 300}


@pytest.mark.parametrize("colour", ["0f766e", "#12", "#1234567", "red", "#ggg", "#12345"])
def test_a_colour_is_a_number(colour: str) -> None:
    assert problem("main_color", colour)


@pytest.mark.parametrize("typed", ["gpt-4", "1234", ID + "0"])
def test_a_typed_model_is_a_uuid(typed: str) -> None:
    assert problem("model_id", typed)


def test_a_chosen_model_is_one_of_the_list_or_the_present_one() -> None:
    assert asked({"model_id": OTHER}, models=MODELS) == {"model_id": OTHER}
    assert problem("model_id", "8c9e6679-7425-40de-944b-e07fc1f90ae7", models=MODELS)
    shown = SHOWN | {"model_id": "a-model-of-its-own"}
    assert asked(shown=shown, models=MODELS) == asked(shown=shown) == {}


@pytest.mark.parametrize("name", ["is_shared", "is_fixed", "button_style"])
def test_a_choice_is_one_of_its_own(name: str) -> None:
    assert problem(name, "maybe")


def test_the_most_messages_are_twenty() -> None:
    assert len(asked({"initial_messages": ["hi"] * 20})["initial_messages"]) == 20
    assert problem("initial_messages", ["hi"] * 21)


def test_the_rows_of_messages_come_back_with_an_empty_one() -> None:
    assert filled({"initial_messages": ["one", " ", "two"]}).message_rows == ["one", "two", ""]
    assert SettingsForm().message_rows == [""]
    assert SettingsForm(initial={"initial_messages": ["one"]}).message_rows == ["one", ""]


NO_ORIGINS = [
    "example.com",
    "ftp://example.com",
    "https://",
    "https:///path",
    "https://example.com/path",
    "https://example.com?x=1",
    "https://example.com/#top",
    "https://user@example.com",
    "https://user:secret@example.com",
    "https://example.com:0",
    "https://example.com:99999",
    "https://example.com:port",
    "https://exa mple.com",
    "https://exa\u200bmple.com",
    "https：//example.com",
    "https://example。com",
    "https://example.com\\",
    "javascript:alert(1)",
    "<script>",
    "*",
]


def test_every_line_that_is_no_origin_is_named_with_its_number() -> None:
    lines = [line for wrong in NO_ORIGINS for line in ("https://good.example", wrong)]
    messages = problem("allowed_domains", "\r\n".join(lines))
    assert len(messages) == len(NO_ORIGINS)
    for place, (wrong, message) in enumerate(zip(NO_ORIGINS, messages, strict=True), 1):
        assert f" {2 * place}," in message
        assert wrong in message
    shown = str(filled({"allowed_domains": "<script>"}).errors["allowed_domains"])
    assert escape("<script>") in shown
    assert "<script>" not in shown


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "http://localhost",
        "http://localhost:3000",
        "https://客服.example.com",
        "HTTPS://Example.COM",
        "http://192.0.2.1:8080",
        "https://[2001:db8::1]:8443",
    ],
)
def test_an_origin_is_scheme_host_and_port(origin: str) -> None:
    assert asked({"allowed_domains": origin}) == {"allowed_domains": [origin]}


def test_a_new_chatbot_gives_its_title_to_the_creation() -> None:
    typed = {"title": "Cafe\u0301", "plan_id": ID, "is_fixed": "true"}
    form = filled(typed, shown={}, kind=NewChatbotForm)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["title"] == "Café"
    assert form.asked().values == {"is_fixed": True}
    assert set(filled({}, shown={}, kind=NewChatbotForm).errors) == {"title", "plan_id"}


@pytest.mark.parametrize(
    ("typed", "is_right"),
    [
        ("Café 客服", True),
        ("  Cafe\u0301 客服\t", True),
        ("café 客服", False),
        ("Café", False),
        ("", False),
    ],
)
def test_a_deletion_wants_the_title_once_more(typed: str, *, is_right: bool) -> None:
    form = DeleteForm({"confirm_title": typed}, expected="Café 客服 ")
    assert form.is_valid() == is_right
