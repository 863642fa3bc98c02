"""Forms that are open in the browser, filled in and not yet sent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chatbots.models import AccessToken, Connection
from chatbots.sandbox import Chatbot, StoredFile
from tests.pages.changing import picture
from tests.pages.drawn import Form

from .stage import Stage

HOOK = "https://matrix.example.com/hook"
TITLE = "Matrix 矩陣"
PROMPT = "Answer kindly.\nIn 繁體中文."
REASON = "because of the matrix"


@dataclass(frozen=True)
class Part:
    """What of a form is saved, or not, as one. `typed` must not be lost while it is not;
    `is_held` tells whether it is as it was asked for. `claim` is how the page says that it is
    saved and `denial` how it says that it is not: regular expressions."""

    name: str
    typed: dict[str, Any]
    is_held: Callable[[], bool]
    claim: str
    denial: str = r"[Nn]othing (of yours )?was \w+|was not saved|were not saved|still exists"


@dataclass(frozen=True)
class Filled:
    """A form, what is typed into it, and what of it is saved as one."""

    form: Form
    parts: tuple[Part, ...]
    files: dict[str, Any] = field(default_factory=dict)
    unkept: dict[str, Any] = field(default_factory=dict)
    """Typed too, and never drawn again."""
    press: str = ""

    @property
    def typed(self) -> dict[str, Any]:
        """All that is sent instead of what the form showed."""
        texts = {name: text for part in self.parts for name, text in part.typed.items()}
        return texts | self.files | self.unkept


def opened(stage: Stage, address: str, action: str = "") -> Form:
    """The form of a page, which is open in the browser."""
    answer = stage.get(address)
    assert answer.status == 200, f"{address} answers {answer.status} {answer.seen.said!r}"
    form = answer.form(action or address.partition("?")[0])
    assert form is not None, f"{address} has no form to {action or address}"
    return form


def reason(form: Form) -> dict[str, str]:
    """Why it is asked for, where the form has a place for that."""
    return {"reason": REASON} if "reason" in form.fields else {}


def webhook(stage: Stage) -> Filled:
    """The quick edit with another URL."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/webhook/")
    typed = {"webhook_url": HOOK} | reason(form)
    return Filled(form, (Part("webhook", typed, lambda: bot.webhook_url == HOOK, "Saved"),))


def webhook_cleared(stage: Stage) -> Filled:
    """The quick edit with *Clear* pressed."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/webhook/")
    part = Part("webhook", reason(form), lambda: bot.webhook_url is None, "Cleared")
    return Filled(form, (part,), press="clear")


def _readable() -> dict[str, Any]:
    return {"title": TITLE, "prompt": PROMPT}


def _unreadable() -> dict[str, Any]:
    return {
        "main_color": "#123abc",
        "show_history": "false",
        "initial_messages": ["Hello <b>&</b>", "您好"],
        "allowed_domains": "https://a.example",
    }


def _has_readable(bot: Chatbot) -> bool:
    prompt = str(bot.fields["prompt"] or "").replace("\r\n", "\n")
    return bot.title == TITLE and prompt == PROMPT


def _has_unreadable(bot: Chatbot) -> bool:
    file = bot.settings.get("avatar")
    return (
        {name: bot.settings.get(name) for name in ("main_color", "show_history")}
        == {"main_color": "#123abc", "show_history": False}
        and "您好" in str(bot.settings.get("initial_messages"))
        and "https://a.example" in str(bot.settings.get("allowed_domains"))
        and isinstance(file, StoredFile)
        and file.name == "face.png"
    )


def readable(stage: Stage) -> Filled:
    """Settings that Caigunn reports."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/edit/")
    typed = _readable() | reason(form)
    return Filled(form, (Part("settings", typed, lambda: _has_readable(bot), "Settings saved"),))


def unreadable(stage: Stage) -> Filled:
    """Settings that Caigunn takes and does not report, a picture among them."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/edit/")
    typed = _unreadable() | reason(form)
    part = Part("settings", typed, lambda: _has_unreadable(bot), "Settings saved")
    return Filled(form, (part,), files={"avatar": picture()})


def settings_and_webhook(stage: Stage) -> Filled:
    """Settings of both sorts and the webhook, in one form."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/edit/")
    settings = Part(
        "settings",
        _readable() | _unreadable() | reason(form),
        lambda: _has_readable(bot) and _has_unreadable(bot),
        claim=r"Settings saved",
        denial=r"settings were not saved|Nothing of yours was saved|Nothing was saved",
    )
    webhook_ = Part(
        "webhook",
        {"webhook_url": HOOK},
        lambda: bot.webhook_url == HOOK,
        claim=r"Webhook saved",
        denial=r"webhook was not \w+|Nothing was saved",
    )
    return Filled(form, (settings, webhook_), files={"avatar": picture()})


def made(stage: Stage) -> list[Chatbot]:
    """The chatbots that creations of the matrix have made."""
    return stage.sandbox.users[0].all_chatbots[2:]


def _creation(stage: Stage, form: Form) -> Part:
    def is_there() -> bool:
        return [bot.title for bot in made(stage)] == [TITLE]

    plan = stage.sandbox.users[0].plans[1].id
    typed = {"title": TITLE, "plan_id": plan} | reason(form)
    return Part(
        "chatbot",
        typed,
        is_there,
        claim=r"Created\. Caigunn reports it|Checked: Caigunn has",
        denial=r"[Nn]othing was created|Nothing was changed",
    )


def new(stage: Stage) -> Filled:
    """A chatbot, and nothing else."""
    form = opened(stage, "/chatbots/new/")
    return Filled(form, (_creation(stage, form),))


def new_with_all(stage: Stage) -> Filled:
    """A chatbot with settings of both sorts and a webhook."""
    form = opened(stage, "/chatbots/new/")
    prompt = {"prompt": PROMPT}
    settings = Part(
        "settings",
        prompt | _unreadable(),
        lambda: any(
            str(bot.fields["prompt"]).replace("\r\n", "\n") == PROMPT and _has_unreadable(bot)
            for bot in made(stage)
        ),
        claim=r"The settings were sent",
        denial=r"settings were not saved|[Nn]othing was created",
    )
    webhook_ = Part(
        "webhook",
        {"webhook_url": HOOK},
        lambda: any(bot.webhook_url == HOOK for bot in made(stage)),
        claim=r"webhook is set",
        denial=r"webhook was not set|[Nn]othing was created",
    )
    parts = (_creation(stage, form), settings, webhook_)
    return Filled(form, parts, files={"avatar": picture()})


def deletion(stage: Stage) -> Filled:
    """The deletion, confirmed by the title."""
    bot = stage.bot
    form = opened(stage, f"/chatbots/{bot.id}/delete/")
    typed = {"confirm_title": bot.title} | reason(form)
    part = Part("deletion", typed, lambda: bot.is_deleted, claim="is deleted|no longer exists")
    return Filled(form, (part,))


def reveal(stage: Stage) -> Filled:
    """*Reveal* beside the API key on the detail page."""
    address = f"/chatbots/{stage.bot.id}/"
    return Filled(opened(stage, address, f"{address}reveal/"), ())


def connecting(stage: Stage) -> Filled:
    """The token of another user, typed over the one that is connected."""
    form = opened(stage, "/token/")
    user = stage.sandbox.users[1]

    def is_connected() -> bool:
        return connected(stage).open() == user.token

    part = Part("connection", {"label": "Matrix"}, is_connected, claim="Connected")
    return Filled(form, (part,), unkept={"access_token": user.token})


def refreshing(stage: Stage) -> Filled:
    """*Refresh the token*, with an end."""
    form = opened(stage, "/token/", "/token/refresh/")
    user = stage.sandbox.users[0]
    old = user.token

    def is_stored() -> bool:
        return user.token != old and connected(stage).open() == user.token

    part = Part("token", {"expired_date": "2099-12-31"}, is_stored, claim="Refreshed")
    return Filled(form, (part,))


def connected(stage: Stage) -> AccessToken:
    """The record that the member is connected to."""
    return Connection.objects.get(member=stage.member).access_token


def undo_address(stage: Stage) -> str:
    """Where the history leads to for undoing a webhook that has just been set."""
    filled = webhook(stage)
    stage.send(filled.form, "", filled.typed)
    history = stage.get(f"/chatbots/{stage.bot.id}/history/").page
    found = [href for href in history.hrefs if "/undo/" in href]
    assert found, "the history offers no way to undo"
    return found[0]
