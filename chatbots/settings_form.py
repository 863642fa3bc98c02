"""The form of the thirteen settings and of a new chatbot."""

import re
import unicodedata
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chatbots import images
from chatbots import webhook_url as rules
from chatbots.caigunn import Model
from chatbots.forms import WebhookForm
from chatbots.services import settings as service
from chatbots.services.settings import FIELDS, Asked

LEAVE = gettext_lazy("Leave as it is")
_UNDOCUMENTED = gettext_lazy("Caigunn names it {name}, and does not say what it does.")
_HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_MOST_MESSAGES = 20
_LONGEST = {"title": 1000, "prompt": 100_000}  # characters


def _undocumented(name: str) -> Any:
    """What can be said of a setting that Caigunn names and does not explain."""
    return format_lazy(_UNDOCUMENTED, name=name)


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or leave as it is."""

    def __init__(self, label: Any, help_text: Any) -> None:
        choices = [("", LEAVE), ("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))]
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            choices=choices,
            coerce=lambda value: value == "true",
            empty_value=None,
        )


class RowsField(forms.Field):
    """Repeated inputs of one name: a list of texts, empty ones left out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[str]:
        rows = [text.strip() for text in value or [] if text.strip()]
        for row in rows:
            ProhibitNullCharactersValidator()(row)
        return rows


class SettingsForm(WebhookForm):
    """`webhook_url` and the thirteen settings by their API names. Empty means: leave as it is;
    only the prompt and the webhook can be cleared."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        help_text=gettext_lazy("What the chatbot is called, here and at Caigunn."),
    )
    prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("What the chatbot is told about its task and its manner."),
    )
    is_shared = YesNoField(
        gettext_lazy("Shared"), gettext_lazy("Whether it can be used through its share link.")
    )
    model_id = forms.CharField(
        label=gettext_lazy("Model"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("The language model that answers, by its ID."),
    )
    avatar = forms.FileField(label=gettext_lazy("Avatar"), required=False)
    main_color = forms.CharField(
        label=gettext_lazy("Main colour"), required=False, max_length=7, help_text="#0f766e"
    )
    is_default_visible = YesNoField(
        gettext_lazy("Visible by default"), _undocumented("is_default_visible")
    )
    button_style = forms.ChoiceField(
        label=gettext_lazy("Button style"),
        required=False,
        choices=[
            ("", LEAVE),
            ("basic", gettext_lazy("Basic")),
            ("image", gettext_lazy("Image")),
        ],
        help_text=gettext_lazy("What opens the chat: Caigunn’s own button, or the picture."),
    )
    button_image = forms.FileField(label=gettext_lazy("Button image"), required=False)
    initial_messages = RowsField(label=gettext_lazy("Initial messages"), required=False)
    is_fixed = YesNoField(gettext_lazy("Fixed"), _undocumented("is_fixed"))
    show_history = YesNoField(gettext_lazy("Show history"), _undocumented("show_history"))
    allowed_domains = forms.CharField(
        label=gettext_lazy("Allowed domains"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, models: tuple[Model, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if models:
            known = str(self.initial.get("model_id") or "")
            choices = [(model.id, model.title or model.model_name or model.id) for model in models]
            if known and known not in {model.id for model in models}:
                choices.insert(0, (known, known))
            self.fields["model_id"] = forms.ChoiceField(
                label=gettext_lazy("Model"),
                required=False,
                choices=[("", LEAVE), *choices],
                help_text=gettext_lazy("The language model that answers."),
            )

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if not title and self._needs_title:
            raise ValidationError(_("A chatbot needs a title."))
        self._check_length("title", title)
        return title

    def _check_length(self, name: str, text: str) -> None:
        # What Caigunn has already does not keep the rest from being saved.
        if len(text) > (most := _LONGEST[name]) and not self._is_as_shown(name, text):
            raise ValidationError(
                _("It has %(length)s characters; the most is %(most)s.")
                % {"length": len(text), "most": most}
            )

    @property
    def _needs_title(self) -> bool:
        # One that has none can be edited without being given one.
        return bool(self.initial.get("title"))

    def clean_webhook_url(self) -> str | None:
        # What Caigunn has already, whoever put it there, does not keep the rest from being saved.
        if (url := self.cleaned_data["webhook_url"]) == (self.initial.get("webhook_url") or ""):
            return url or None
        return super().clean_webhook_url()

    def clean_prompt(self) -> str:
        prompt = str(self.cleaned_data["prompt"]).replace("\r\n", "\n")
        self._check_length("prompt", prompt)
        return prompt

    def clean_model_id(self) -> str:
        text: str = self.cleaned_data["model_id"]
        is_typed = not isinstance(self.fields["model_id"], forms.ChoiceField)
        if text and is_typed and not self._is_as_shown("model_id", text):
            try:
                return str(UUID(text))
            except ValueError:
                raise ValidationError(
                    _("A model is named by its ID, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6.")
                ) from None
        return text

    def clean_main_color(self) -> str:
        colour: str = self.cleaned_data["main_color"]
        if colour and not _HEX_COLOUR.fullmatch(colour):
            raise ValidationError(_("Write the colour as # and six digits, such as #0f766e."))
        return colour

    def clean_avatar(self) -> images.CheckedImage | None:
        return _picture(self.cleaned_data["avatar"])

    def clean_button_image(self) -> images.CheckedImage | None:
        return _picture(self.cleaned_data["button_image"])

    def clean_initial_messages(self) -> list[dict[str, str]]:
        texts: list[str] = self.cleaned_data["initial_messages"]
        if len(texts) > _MOST_MESSAGES:
            raise ValidationError(_("The most is %(most)s messages.") % {"most": _MOST_MESSAGES})
        return [{"type": "text", "value": text} for text in texts]

    def clean_allowed_domains(self) -> list[str]:
        lines = self.cleaned_data["allowed_domains"].splitlines()
        found = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
        wrong = [
            _("Line %(number)s, “%(line)s”, is not an origin such as https://example.com.")
            % {"number": number, "line": line}
            for number, line in found
            if not _is_origin(line)
        ]
        if wrong:
            raise ValidationError(wrong)
        return list(dict.fromkeys(line.rstrip("/") for _number, line in found))

    def asked(self) -> Asked:
        """The settings to be changed: what was filled in, and of the readable ones what differs
        from what the form showed."""
        # A field that Caigunn has refused since has no value any more.
        values = {name: self.cleaned_data.get(name) for name in FIELDS}
        given = {
            name: value
            for name, value in values.items()
            if value not in (None, "", []) and not self._is_as_shown(name, value)
        }
        # Cleared by hand; a form that came without the field says nothing about it.
        is_there = self.add_prefix("prompt") in self.data
        is_empty = values["prompt"] is not None and not values["prompt"].strip()
        if is_there and self.initial.get("prompt") and is_empty:
            given["prompt"] = ""
        return Asked(given)

    def _is_as_shown(self, name: str, value: Any) -> bool:
        shown = self.initial.get(name)
        if isinstance(self.fields[name], YesNoField) and isinstance(shown, str):
            shown = {"true": True, "false": False}.get(shown)
        return name in service.READABLE and shown is not None and service.same(name, shown, value)

    def changed_from(self, now: dict[str, Any]) -> set[str]:
        """Which fields that can be read hold something else than Caigunn reports `now`."""
        names = (*service.READABLE, "webhook_url")
        values = {name: self.cleaned_data.get(name) for name in names}
        return {
            name
            for name, value in values.items()
            if value not in (None, "") or name in {"prompt", "webhook_url"}
            if not service.same(name, _or_none(value), _or_none(now.get(name)))
        }

    def follow(self, now: dict[str, Any], *, without_unreadable: bool) -> None:
        """Have the input stand against what Caigunn reports `now`: what the member had left as
        the form showed it follows, so that sending it again undoes nobody's change. Without the
        unreadable settings where they have been sent."""
        data = cast("QueryDict", self.data).copy()
        for name in (*service.READABLE, "webhook_url"):
            typed, shown = data.get(name), self.initial.get(name)
            if typed is not None and service.same(name, _or_none(typed), _or_none(shown)):
                data[name] = now.get(name) or ""
        if without_unreadable:
            for name in set(FIELDS) - set(service.READABLE):
                data.pop(name, None)
            self.files = MultiValueDict()
        self.data = data

    @property
    def message_rows(self) -> list[str]:
        """What stands in the rows of initial messages, with one empty row at the end."""
        if isinstance(self.data, QueryDict):
            typed = [str(text) for text in self.data.getlist("initial_messages")]
        else:
            typed = self.initial.get("initial_messages", [])
        return [text for text in typed if text.strip()] + [""]


class NewChatbotForm(SettingsForm):
    """Create: title and plan, and what should be set once the chatbot exists."""

    plan_id = forms.CharField(label=gettext_lazy("Plan"), max_length=64)

    field_order = ("title", "plan_id", "webhook_url")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("Caigunn decides")), *list(field.choices)[1:]]  # type: ignore[arg-type]

    @property
    def _needs_title(self) -> bool:
        return True

    def clean_title(self) -> str:
        return unicodedata.normalize("NFC", super().clean_title())

    def asked(self) -> Asked:
        """The settings to be made; the title goes with the creation itself."""
        return super().asked().without({"title"})


class DeleteForm(forms.Form):
    """Delete: the title typed once more, or the id where there is no title."""

    confirm_title = forms.CharField(
        label=gettext_lazy("Type the title to confirm"),
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_confirm_title(self) -> str:
        typed: str = self.cleaned_data["confirm_title"]
        if _trimmed(typed) != _trimmed(self.expected):
            raise ValidationError(_("This is not the title of the chatbot. Nothing was deleted."))
        return typed


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _trimmed(text: str) -> str:
    # A line break cannot be typed into the field.
    return re.sub(r"[\r\n]", "", unicodedata.normalize("NFC", text)).strip()


def _picture(file: "UploadedFile[bytes] | None") -> images.CheckedImage | None:
    return images.check(file) if file else None


def _is_origin(text: str) -> bool:
    """Whether it is scheme, host and port alone, with nothing in it that a webhook URL must not
    have either."""
    if text.endswith((":", "?", "#", "?/", "#/")):
        return False
    return not rules.problems(text) and urlsplit(text)[2:] in {("", "", ""), ("/", "", "")}
