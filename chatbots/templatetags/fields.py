"""Fields of forms, tied to what stands around them."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chatbots.settings_form import SettingsForm

register = template.Library()


@register.filter
def told_by(field: BoundField, parts: str) -> str:
    """The ids of what describes a field: of `help` and `sent` those named in `parts`, divided by
    spaces, and its errors where it has any."""
    named = parts.split()
    ids = {
        "helptext": "help" in named or bool(field.help_text),
        "sent": "sent" in named,
        "error": bool(field.errors),
    }
    return " ".join(f"{field.auto_id}_{name}" for name, is_there in ids.items() if is_there)


@register.filter
def control(field: BoundField, parts: str) -> SafeString:
    """The control of a field, described by what `told_by` says."""
    ids = told_by(field, parts)
    return field.as_widget(attrs={"aria-describedby": ids} if ids else None)


@register.filter
def setting_label(name: str) -> str:
    """What the pages call a setting: `{{ "main_color"|setting_label }}`."""
    field = SettingsForm.base_fields.get(name)
    return str(field.label) if field else name


@register.filter
def said_like(value: object, other: object) -> object:
    """A value for reading: Yes or No where `other` is a boolean, whether it is one itself or the
    text that a form makes of it; — where there is none."""
    if value in (None, ""):
        return "—"
    if isinstance(other, bool):
        return _("Yes") if str(value).lower() == "true" else _("No")
    return value
