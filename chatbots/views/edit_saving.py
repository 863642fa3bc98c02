"""Saving what the edit form asks for: the settings, then the webhook, each with its own outcome."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from caigunn_admin.http import MemberRequest
from chatbots import form_state
from chatbots.caigunn import CaigunnError, Rejected
from chatbots.services import settings as service
from chatbots.services import webhooks
from chatbots.services.access import Access
from chatbots.services.outcomes import NotSavedError, UnsettledError
from chatbots.settings_form import SettingsForm
from chatbots.webhook_url import same as same_url


@dataclass(frozen=True)
class Part:
    """What became of one half of the form: the settings, or the webhook."""

    name: str
    is_saved: bool
    said: str = ""
    problem: str = ""
    error: Exception | None = None


def save(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    state: form_state.FormState,
) -> list[Part]:
    """The parts that had to be saved; the webhook waits where the settings were not."""
    asked = form.asked()
    wanted = form.cleaned_data["webhook_url"]
    parts = []
    if asked.values:
        parts.append(_settings(access, chatbot_id, form, asked, state))
    if "webhook_url" in request.POST and not same_url(wanted, state.started_from["webhook_url"]):
        if all(part.is_saved for part in parts):
            parts.append(_webhook(access, chatbot_id, form, wanted, state))
        else:
            parts.append(Part("webhook", is_saved=False, problem="waits"))
    return parts


def _settings(
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    asked: service.Asked,
    state: form_state.FormState,
) -> Part:
    try:
        saved = service.save(
            access,
            chatbot_id,
            asked,
            started_from=state.started_from,
            form_key=f"{state.key}.settings",
        )
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _part("settings", form, error)
    labels = {name: str(form.fields[name].label) for name in asked.values}
    said = _("Settings saved.")
    if saved.verified:
        names = _(", ").join(labels.get(name, name) for name in saved.verified)
        said += " " + _("Read back: %(names)s.") % {"names": names}
    if saved.accepted:
        names = _(", ").join(labels.get(name, name) for name in saved.accepted)
        said += " " + _("Accepted by Caigunn, which does not report it: %(names)s.") % {
            "names": names
        }
    return Part("settings", is_saved=True, said=said)


def _webhook(
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    wanted: str | None,
    state: form_state.FormState,
) -> Part:
    try:
        webhooks.save(
            access,
            chatbot_id,
            wanted,
            started_from=state.started_from["webhook_url"],
            form_key=f"{state.key}.webhook",
        )
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _part("webhook", form, error)
    said = _("Webhook saved and read back.") if wanted else _("Webhook cleared and read back.")
    return Part("webhook", is_saved=True, said=said)


def _part(name: str, form: SettingsForm, error: Exception) -> Part:
    if isinstance(error, Rejected):
        form.refused(error)
    problem = error.problem if isinstance(error, NotSavedError) else ""
    return Part(name, is_saved=False, problem=problem, error=error)
