"""What has to work once all is well again, whatever went wrong before."""

from collections.abc import Callable, Iterator

from chatbots.sandbox import Chatbot

from .forms import connected, made
from .stage import Answer, Stage

Later = Callable[[Stage], Iterator[str]]


def chatbots(stage: Stage) -> Iterator[str]:
    """List and detail pages answer, and show what the sandbox holds."""
    listed = stage.get("/chatbots/")
    yield from _broken("the list", listed)
    shown = {link.strip("/").partition("/")[2] for link in listed.page.hrefs}
    user = stage.sandbox.users[0]
    if {bot.id for bot in user.all_chatbots} & shown != {bot.id for bot in user.chatbots}:
        yield "the list shows other chatbots than the sandbox holds"
    for bot in {stage.bot, *made(stage)}:
        yield from _detail(stage, bot)


def detail(stage: Stage) -> Iterator[str]:
    """The detail page answers, and shows what the sandbox holds."""
    yield from _detail(stage, stage.bot)


def _detail(stage: Stage, bot: Chatbot) -> Iterator[str]:
    answer = stage.get(f"/chatbots/{bot.id}/")
    yield from _broken("the detail page", answer)
    if bot.title not in answer.page.text:
        yield "the detail page shows another title than the sandbox holds"
    url = bot.webhook_url
    shows_url = url is not None and f'title="{url}"' in answer.html
    if shows_url != (url is not None) or ("No webhook" in answer.html) != (url is None):
        yield "the detail page shows another webhook than the sandbox holds"
    if bot.is_deleted != ("This chatbot was deleted" in answer.html):
        yield "the detail page does not know whether the chatbot is deleted"


def token(stage: Stage) -> Iterator[str]:
    """The token works, or the page says how to get one that does: never a loop of refusals."""
    page = stage.get("/token/")
    yield from _broken("the token page", page)
    if "Check now" in page.html:
        check = page.form("/token/refresh/")
        if check is None:
            yield "no way out of the unknown refresh"
            return
        page = stage.send(check, "", {})
        yield from _broken("checking the token", page)
        if page.form("/token/refresh/") is None or "its answer never arrived" in page.html:
            yield "the refresh is unknown still, though Caigunn can be asked"
    known = {user.token for user in stage.sandbox.users}
    if connected(stage).open() not in known:
        # It is lost. Then the page has to say so, and take a new one.
        page = stage.get("/token/")
        if "Caigunn refused this token" not in page.html:
            yield "the token has ended, and its page does not say so"
        form = page.form("/token/")
        assert form is not None
        token_now = stage.sandbox.users[0].token
        stage.send(form, "", {"access_token": token_now})
    yield from _broken("the list", stage.get("/chatbots/"))


def _broken(what: str, answer: Answer) -> Iterator[str]:
    if answer.final_status != 200 or answer.seen.error:
        said = f"{answer.statuses} {answer.seen.said!r} {answer.trace}"
        yield f"once all is well again {what} answers {said}"
