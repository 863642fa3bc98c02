"""Small things that templates say."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturalday, naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may
from chatbots.services.catalogue import ChatbotRow
from chatbots.webhook_events import WebhookEvent, events_of
from chatbots.webhook_url import host_and_path, warnings

register = template.Library()

# The first mark that is found names it: Edge and Opera call themselves Chrome too, Chrome Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@register.filter
def allows(member: Member, action: str) -> bool:
    """Whether the member's role allows the action: `{% if user|allows:"edit_webhook" %}`."""
    return may(member, Action(action))


@register.filter
def item(entries: Mapping[str, Any] | None, key: str) -> Any:
    """The entry of a dictionary under a key that is a variable; nothing where there is none."""
    return entries.get(key) if entries else None


@register.filter
def cells(
    rows: Iterable[ChatbotRow],
) -> list[tuple[SafeString, str | None, bool, str]]:
    """The id, the title, whether there is a key, and its end, of each chatbot of a list. The id
    stands in a row several times, so it is escaped here, once."""
    return [(escape(row.id), row.title, row.has_key, row.key_hint) for row in rows]


@register.filter
def moment(value: datetime | None) -> str | SafeString:
    """A time: how long ago, with the exact one in the member's zone on hover."""
    if value is None:
        return "—"
    local = timezone.localtime(value)
    exact = date_format(local, "Y-m-d H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, naturaltime(value)
    )


@register.filter
def day_name(value: date) -> str:
    """A day of the member's calendar: today, yesterday, or its date. Django's own filter takes the
    server's today for a date without a time."""
    noon = datetime(value.year, value.month, value.day, 12, tzinfo=timezone.get_current_timezone())
    return str(naturalday(noon))


@register.filter
def device(user_agent: str) -> str:
    """Browser and system that a User-Agent header names, as far as known: “Firefox, Linux”."""
    found = (
        next((name for mark, name in marks if mark in user_agent), "")
        for marks in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(name for name in found if name) or _("unknown device")


@register.filter
def yes_no(value: bool | None) -> str:  # noqa: FBT001 - a template filter takes it as it comes
    """Yes, No, or — where it is unknown."""
    if value is None:
        return "—"
    return _("Yes") if value else _("No")


@register.filter
def is_list(value: object) -> bool:
    """Whether a value from a Change is a list."""
    return isinstance(value, list)


@register.filter
def host(url: str) -> str:
    """The part of a URL that is scanned for."""
    return host_and_path(url)[0]


@register.filter
def after_host(url: str) -> str:
    """The rest of a URL."""
    return host_and_path(url)[1]


@register.filter
def webhook_events(chatbot_id: str) -> list[WebhookEvent]:
    """What arrives at the webhook of a chatbot."""
    return events_of(chatbot_id)


@register.filter
def cautions(url: str | None) -> list[str]:
    """What is allowed in a webhook URL, but rarely meant."""
    return warnings(url) if url else []
