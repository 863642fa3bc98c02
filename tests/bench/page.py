"""`python -m tests.bench.page`: what a browser meets on list, detail and edit, cold and warm.

Bytes and requests as they went over the wire, first and largest paint, layout shift and long
tasks: medians of 7 visits of each. Behind a sandbox whose calls take 100 ms.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from chatbots.sandbox import Sandbox
from tests.browser.dashboard import Dashboard, collect_static
from tests.browser.pages import connect, sign_in
from tests.environment import chromium

VISITS = 7
EDITOR = "editor@example.com"
LATENCY_MS = 100
QUIET_MS = 500  # without a request, before a page counts as there
_WATCH = """
window.met = { shift: 0, long: 0, largest: 0 };
const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
  .observe({ type, buffered: true });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) met.shift += entry.value; });
watch("longtask", () => { met.long += 1; });
watch("largest-contentful-paint", (entry) => { met.largest = entry.startTime; });
"""
_MET = """() => ({ ...met,
  first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0 })"""


@dataclass(frozen=True)
class Visit:
    """One visit of a page. Times in ms from the click on, `shift` as browsers define it."""

    bytes: float
    requests: float
    first_paint: float
    largest_paint: float
    layout_shift: float
    long_tasks: float


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, Sandbox(latency_ms=LATENCY_MS) as sandbox:
        folder = Path(name)
        collect_static(folder)
        dashboard = Dashboard(folder, sandbox.url)
        dashboard.release()
        dashboard.add_member(EDITOR, "editor")
        bot = sandbox.users[0].chatbots[0].id
        pages = {
            "list": "/chatbots/",
            "detail": f"/chatbots/{bot}/",
            "edit": f"/chatbots/{bot}/edit/",
        }
        with dashboard, browser_of() as browser:
            context = browser.new_context(base_url=dashboard.url, locale="en")
            page = context.new_page()
            sign_in(page, EDITOR)
            connect(page, sandbox.users[0].token)
            state: Any = context.storage_state()
            context.close()
            print(f"{'page':14}" + "".join(f"{one.name:>14}" for one in fields(Visit)))  # noqa: T201
            for title, address in pages.items():
                for kind in ("cold", "warm"):
                    visits = [
                        one_visit(browser, dashboard.url, state, address, is_warm=kind == "warm")
                        for _ in range(VISITS)
                    ]
                    print(line(f"{title}, {kind}", visits))  # noqa: T201
    return 0


@contextmanager
def browser_of() -> Iterator[Browser]:
    """The Chromium on PATH, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


def one_visit(browser: Browser, url: str, state: Any, address: str, *, is_warm: bool) -> Visit:
    """Visit a page in a browser that has never been here; warm, for the second time."""
    context = browser.new_context(base_url=url, locale="en", storage_state=state)
    context.add_init_script(_WATCH)
    page = context.new_page()
    if is_warm:
        arrive(page, address)
    sizes = listen(context, page)
    arrive(page, address)
    met = page.evaluate(_MET)
    context.close()
    return Visit(
        sum(sizes.values()), len(sizes), met["first"], met["largest"], met["shift"], met["long"]
    )


def arrive(page: Page, address: str) -> None:
    """Open the page and wait until nothing more comes."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(QUIET_MS)


def listen(context: BrowserContext, page: Page) -> dict[str, int]:
    """The bytes of each request from here on, as they go over the wire; nothing from a cache."""
    sizes: dict[str, int] = {}
    sent: set[str] = set()

    def requested(event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            sent.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in sent and event["encodedDataLength"]:
            sizes[event["requestId"]] = int(event["encodedDataLength"])

    session = context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", requested)
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    return sizes


def line(title: str, visits: list[Visit]) -> str:
    """The medians, in the order of the heading."""
    columns = [median(getattr(visit, one.name) for visit in visits) for one in fields(Visit)]
    places = (0, 0, 0, 0, 3, 0)
    numbers = (f"{value:14,.{digits}f}" for value, digits in zip(columns, places, strict=True))
    return f"{title:14}" + "".join(numbers)


if __name__ == "__main__":
    sys.exit(main())
