"""Input rules, and what a form gives to a service."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chatbots import webhook_url as rules
from chatbots.caigunn import Rejected, is_usable_secret
from chatbots.services.catalogue import CHATBOT_SIZES


class AccessTokenForm(forms.Form):
    """Connect or replace. The token is never drawn again, not even after a mistake."""

    access_token = forms.CharField(
        label=_("Access token"),
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_("The value of your caigunn-access-token. It is checked before it is saved."),
    )
    label = forms.CharField(
        label=_("Label"),
        required=False,
        max_length=80,
        help_text=_("A name to tell it by, such as “Support account”. Optional."),
    )

    def clean_access_token(self) -> str:
        token: str = self.cleaned_data["access_token"]
        if not is_usable_secret(token):
            raise ValidationError(
                _("A token has no spaces, line breaks or special letters. Was all of it copied?")
            )
        return token


class RefreshForm(forms.Form):
    """Refresh, with the day on which the new token should end."""

    expired_date = forms.DateField(
        label=_("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text=_("Optional. Without a date Caigunn decides."),
    )

    def clean_expired_date(self) -> Any:
        day = self.cleaned_data["expired_date"]
        if day is not None and day <= timezone.now().date():
            raise ValidationError(_("Choose a day in the future."))
        return day


class WebhookForm(forms.Form):
    """The webhook URL alone. Empty clears it."""

    webhook_url = forms.CharField(
        label=_("Webhook URL"),
        required=False,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "placeholder": "https://",
            }
        ),
    )

    def clean_webhook_url(self) -> str | None:
        url: str = self.cleaned_data["webhook_url"]
        if found := (rules.problems(url) if url else []):
            raise ValidationError(found)
        return url or None

    def refused(self, error: Rejected) -> None:
        """Show Caigunn's messages where they belong."""
        self.refused_because(error.fields, error.detail)

    def refused_because(self, fields: Mapping[str, list[str]], detail: str) -> None:
        """Show messages by field, and the `detail` where there are none."""
        for name, messages in fields.items():
            self.add_error(name if name in self.fields else None, messages)
        if not fields:
            self.add_error(None, detail or _("Caigunn refused this value."))


class ListForm(forms.Form):
    """The address of a list page; whatever is out of range falls back to the beginning."""

    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    size = forms.TypedChoiceField(
        required=False, coerce=int, choices=[(size, str(size)) for size in CHATBOT_SIZES]
    )
    webhooks = forms.BooleanField(required=False)
    search_webhooks = forms.BooleanField(required=False)
