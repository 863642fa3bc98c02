"""`python -m tests.screenshots`: the pictures of the README's guide, made anew.

They are taken from a dashboard of their own in front of a sandbox of its own, on free ports, with
a database that is thrown away: what they show is what `make demo` shows.
"""

import io
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from chatbots.sandbox import Chatbot, Sandbox
from tests.browser.dashboard import Dashboard, collect_static
from tests.browser.pages import (
    SAVED,
    connect,
    edit_link,
    open_list,
    row_of,
    save,
    sign_in,
    webhook_field,
)
from tests.environment import chromium

FOLDER = Path(__file__).resolve().parents[1] / "static" / "img" / "guide"
MEMBER = "mei@example.com"
NEW = "https://hooks.example.org/support/receiver"
MOST_BYTES = 120_000
COLOURS = 64
DESK: ViewportSize = {"width": 1000, "height": 560}
Scene = Callable[[Page, Sandbox], None]


@dataclass(frozen=True)
class Picture:
    """What is shown, and on which screen: `scene` opens it, `options` are Playwright's for a
    browser context."""

    scene: Scene
    viewport: ViewportSize = field(default_factory=lambda: DESK)
    options: dict[str, Any] = field(default_factory=dict)


def put_right(sandbox: Sandbox) -> Chatbot:
    """The chatbot whose webhook the guide changes."""
    return sandbox.users[0].chatbots[2]


def connecting(page: Page, sandbox: Sandbox) -> None:
    page.goto("/chatbots/")
    page.wait_for_url("**/token/**")
    page.get_by_label("Access token", exact=True).fill(sandbox.users[0].token)


def the_list(page: Page, sandbox: Sandbox) -> None:
    connect(page, sandbox.users[0].token)
    open_list(page)


def saved(page: Page, sandbox: Sandbox) -> None:
    open_list(page)
    row = row_of(page, put_right(sandbox).id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    save(row)
    expect(row).to_contain_text(SAVED)


def the_history(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{put_right(sandbox).id}/history/")
    expect(page.get_by_role("link", name=re.compile("^Undo"))).to_be_visible()


def one_chatbot(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{put_right(sandbox).id}/")
    expect(page.get_by_title(NEW)).to_be_visible()


def in_chinese(page: Page, sandbox: Sandbox) -> None:
    page.goto("/chatbots/")
    expect(page.get_by_role("heading", level=1)).to_have_text("聊天機器人")
    expect(page.get_by_role("link", name=re.compile("^編輯"))).to_have_count(30)


# In the order in which they are taken: a later one shows what an earlier one did.
PICTURES = {
    "connect": Picture(connecting, {"width": 1000, "height": 680}),
    "list": Picture(the_list),
    "saved": Picture(saved, {"width": 1000, "height": 460}),
    "chatbot": Picture(one_chatbot, {"width": 1000, "height": 680}),
    "history": Picture(the_history, {"width": 1000, "height": 360}),
    "chinese": Picture(
        in_chinese,
        {"width": 390, "height": 760},
        {"locale": "zh-TW", "color_scheme": "dark", "is_mobile": True, "has_touch": True},
    ),
}


def main() -> int:
    """Take all pictures, and say how large they are."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        collect_static(folder)
        dashboard = Dashboard(folder, sandbox.url)
        dashboard.release()
        dashboard.add_member(MEMBER, "admin")
        with dashboard, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(),
                args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
                # What a reader sees has scroll bars.
                ignore_default_args=["--hide-scrollbars"],
            )
            FOLDER.mkdir(parents=True, exist_ok=True)
            session = session_of(browser, dashboard.url)
            for title, picture in PICTURES.items():
                data = packed(take(browser, dashboard.url, session, sandbox, picture))
                (FOLDER / f"{title}.png").write_bytes(data)
                print(f"{len(data):9,} bytes  {title}.png")  # noqa: T201
                if len(data) > MOST_BYTES:
                    raise ValueError(f"{title}.png is larger than {MOST_BYTES:,} bytes")
            browser.close()
    return 0


def session_of(browser: Browser, url: str) -> Any:
    """The cookies of the member, signed in once for all pictures."""
    with browser.new_context(base_url=url, locale="en") as context:
        sign_in(context.new_page(), MEMBER)
        return context.storage_state()


def take(browser: Browser, url: str, session: Any, sandbox: Sandbox, picture: Picture) -> bytes:
    """A PNG of the screen, as the member sees it."""
    context = browser.new_context(
        base_url=url,
        storage_state=session,
        viewport=picture.viewport,
        device_scale_factor=2,
        reduced_motion="reduce",
        timezone_id="Asia/Taipei",
        **{"locale": "en", "color_scheme": "light", **picture.options},
    )
    page = context.new_page()
    picture.scene(page, sandbox)
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    # No blinking cursor, and nothing half way.
    data = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return data


def packed(data: bytes) -> bytes:
    """The same picture in `COLOURS` colours, which these pages do with."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(data)) as whole:
        few = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
