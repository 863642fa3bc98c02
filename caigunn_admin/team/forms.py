"""What people type about themselves and each other."""

import zoneinfo
from itertools import count
from typing import Any, ClassVar

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from caigunn_admin.team.models import Member, Role, Theme


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("Email address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # Django takes none there
    """How the pages are drawn for a member."""

    class Meta:
        model = Member
        fields = ("name", "language", "time_zone", "theme", "uses_shortcuts")
        help_texts: ClassVar[dict[str, Any]] = {
            "name": _("What your colleagues read beside what you change."),
            "uses_shortcuts": _("Press ? on any page to see them."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"),
            help_text=_("Of all pages, and of mails to you."),
            required=False,
            choices=[("", _("As the browser asks for")), *settings.LANGUAGES],
        )
        self.fields["theme"] = forms.ChoiceField(
            label=_("Colours"),
            help_text=_("Light, dark, or as your system has it."),
            required=False,
            choices=[("", _("As the system has it")), *Theme.choices],
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            help_text=_("Exact times are shown in it."),
            choices=[(zone, zone) for zone in time_zones()],
        )


def time_zones() -> list[str]:
    """The names of all places that have a time of their own; the team's own first."""
    near = ["Asia/Taipei", "UTC"]
    known = zoneinfo.available_timezones() - set(near)
    return near + sorted(zone for zone in known if "/" in zone and not zone.startswith("Etc/"))


class JoinForm(forms.Form):
    """What an invited person says: a name, and a password of their own."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("What your colleagues read beside what you change. Optional."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Password, once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    # The browser's own, filled in by js/app.js; what is no zone of ours is left to the preferences.
    time_zone = forms.Field(required=False, widget=forms.HiddenInput(attrs={"data-zone": ""}))

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        return zone if zone in time_zones() else ""

    def clean(self) -> None:
        password = self.cleaned_data.get("password")
        again = self.cleaned_data.get("password_again")
        if password is None or again is None:
            return
        if password != again:
            self.add_error("password_again", _("The two passwords differ."))
        try:
            member = Member(email=self._email, name=self.cleaned_data.get("name", ""))
            validate_password(password, member)
        except ValidationError as error:
            self.add_error("password", error)


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code. Apps show it in groups: spaces go."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        return "".join(str(super().to_python(value) or "").split())


class SetUpAppForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth is untyped
    """The first code of an authenticator app: it shows that the app has the secret."""

    code = CodeField(
        label=_("Code from the app"), help_text=_("6 digits; a new one comes every 30 seconds.")
    )


class SecondStepForm(AuthenticateForm):  # type: ignore[misc]
    """A code after the password. The page asks it which second factors the member has."""

    code = CodeField(label=_("Recovery code"), help_text=_("8 digits, from the list you saved."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))
        self.has_app = Authenticator.Type.TOTP in kinds
        self.has_key = Authenticator.Type.WEBAUTHN in kinds
        if self.has_app:
            code = self.fields["code"]
            code.label = _("Code from your authenticator app")
            code.help_text = _("6 digits. Without your phone: one of your recovery codes.")
            code.widget.attrs["autofocus"] = True


class CodeProofForm(ReauthenticateForm):  # type: ignore[misc]
    """A code given once more."""

    code = CodeField(
        label=_("Code from your authenticator app"),
        help_text=_("6 digits. Without your phone: one of your recovery codes."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey, or a security key for after the password."""

    name = forms.CharField(
        label=_("Name of the key"),
        help_text=_("So that you can tell your keys apart, such as “Work laptop”. Optional."),
        required=False,
        max_length=100,
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without the password"),
        help_text=_(
            "This makes it a passkey: each sign-in asks for your fingerprint, your face or a PIN. "
            "Without it, the key is asked for after the password."
        ),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"name": "", **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        """The name; a number where none was given: by now the browser has made the key."""
        if name := self.cleaned_data["name"]:
            return str(name)
        keys = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN)
        taken = {key.wrap().name for key in keys}
        names = (gettext("Key %(number)s") % {"number": number} for number in count(1))
        return next(name for name in names if name not in taken)


class EditPasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a key."""

    name = forms.CharField(label=_("Name of the key"), max_length=100)
