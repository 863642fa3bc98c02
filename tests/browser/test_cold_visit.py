"""The first visit of the list: what is transferred, and that nothing jumps. Sizes, not times."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Fault, Sandbox

from .conftest import OpenPage
from .pages import INFO, edit_link

pytestmark = pytest.mark.browser

MOST_BYTES = 40_000
MOST_REQUESTS = 5

_WATCH_LAYOUT = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifts.push([entry.value, entry.sources.map((source) =>
      (source.node?.outerHTML ?? source.node?.textContent ?? "").slice(0, 120))]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Traffic:
    """What went over the wire for a page, as the browser counts it: heads and bodies, packed."""

    urls: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    fragments: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        """Listen from here on."""
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    def _sent(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if url.startswith("http"):
            self.urls[event["requestId"]] = url
            if "HX-Request" in event["request"]["headers"]:
                self.fragments.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.urls and event["encodedDataLength"]:
            self.sizes[event["requestId"]] = int(event["encodedDataLength"])

    @property
    def pages(self) -> list[str]:
        """What was transferred for the page itself, without the fragments that come after it."""
        return [self.urls[sent] for sent in self.sizes if sent not in self.fragments]

    def __str__(self) -> str:
        rows = sorted(((size, self.urls[sent]) for sent, size in self.sizes.items()), reverse=True)
        return "\n".join(f"{size:7} {url}" for size, url in rows)


def webhooks_drawn(page: Page) -> None:
    expect(page.get_by_text("Reading webhook URLs")).to_have_count(0)
    expect(edit_link(page)).to_have_count(30)
    page.wait_for_load_state("networkidle")


def test_a_cold_visit_of_the_list_is_small(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page()
    traffic = Traffic()
    traffic.watch(page)
    page.goto("/chatbots/")
    webhooks_drawn(page)
    assert len(traffic.fragments) == 1, str(traffic)
    assert len(traffic.pages) <= MOST_REQUESTS, str(traffic)
    assert sum(traffic.sizes.values()) <= MOST_BYTES, str(traffic)


def test_a_second_visit_fetches_the_page_alone(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page()
    page.goto("/chatbots/")
    webhooks_drawn(page)
    traffic = Traffic()
    traffic.watch(page)
    page.goto("/chatbots/")
    webhooks_drawn(page)
    assert len(traffic.pages) == 1, str(traffic)


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_when_the_webhook_urls_arrive(
    open_page: OpenPage, sandbox: Sandbox, width: int
) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    page.add_init_script(_WATCH_LAYOUT)
    # Late enough for the page to have been painted without them.
    sandbox.order(Fault("delay", path=INFO, times=30, seconds=0.3))
    page.goto("/chatbots/")
    webhooks_drawn(page)
    shifts = page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(shifts))))"
    )
    assert shifts == []
