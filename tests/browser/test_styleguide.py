"""The style guide as a developer sees it: nothing for axe, nothing wider than a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, Console
from .dashboard import Dashboard, collect_static
from .pages import sign_in
from .test_languages import Theme

pytestmark = pytest.mark.browser

# It draws states of a form and of a row that stand on no page together.
ELSEWHERE = "does not conform to the required format"


@pytest.fixture
def page(
    browser: Browser,
    running_sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
    console: Console,
) -> Iterator[Page]:
    """The style guide of a dashboard that runs in DEBUG."""
    console.expect(ELSEWHERE)
    collect_static(tmp_path_factory.getbasetemp().parent)
    dashboard = Dashboard(tmp_path_factory.mktemp("debug"), running_sandbox.url, DEBUG="on")
    dashboard.release()
    dashboard.add_member(ADMIN, "admin")
    with dashboard:
        context = browser.new_context(base_url=dashboard.url, locale="en")
        console.watch(context)
        page = context.new_page()
        sign_in(page, ADMIN)
        page.goto("/styleguide/")
        yield page
        context.close()


def test_nothing_is_wrong_with_any_component(page: Page) -> None:
    themes: tuple[Theme, ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert Axe().run(page).response["violations"] == [], theme
    page.set_viewport_size({"width": 360, "height": 740})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
