"""The measures by which pages are judged find what they are for: each is shown a page that is
wrong in the way it looks for, and one that is right.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from .looking import axe_finds, covered, cut_off, focused

pytestmark = pytest.mark.browser

_PAGE = '<!DOCTYPE html><html lang="en"><title>A page</title><style>{style}</style>{body}</html>'
_FILLER = '<p style="height: 1500px">Much.</p>'


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page."""
    with browser.new_page(viewport={"width": 1280, "height": 800}) as page:
        yield page


def show(page: Page, body: str, style: str = "") -> None:
    page.set_content(_PAGE.format(body=f"<main><h1>A page</h1>{body}</main>", style=style))


def test_small_targets_are_found(page: Page) -> None:
    small = "button { display: block; width: 12px; height: 12px; padding: 0; border: 0; margin: 0 }"
    show(page, "<button>a</button><button>b</button>", small)
    assert [found for found in axe_finds(page) if found.startswith("target-size")]
    assert axe_finds(page, rules=["target-size"])
    show(page, "<button>a</button><button>b</button>", "button { width: 24px; height: 24px }")
    assert axe_finds(page, rules=["target-size"]) == []


def test_experimental_rules_are_asked_too(page: Page) -> None:
    show(page, '<button aria-label="Something else">Save</button>')
    assert [found for found in axe_finds(page) if found.startswith("label-content-name-mismatch")]


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("button { outline: none }", "shows no focus"),
        ("header { position: sticky; top: 0; height: 100vh; background: #fff }", "is covered by"),
        ("button { position: absolute; top: -90px }", "is out of view"),
    ],
)
def test_a_focus_that_cannot_be_seen_is_found(page: Page, style: str, said: str) -> None:
    body = f"<header>Top</header>{_FILLER}<button>Press</button>{_FILLER}"
    show(page, body)
    page.keyboard.press("Tab")
    assert focused(page) == "button “Press”"
    show(page, body, style)
    page.keyboard.press("Tab")
    with pytest.raises(AssertionError, match="button “Press”") as raised:
        focused(page)
    assert said in str(raised.value)


def test_a_focus_that_is_lost_is_found(page: Page) -> None:
    show(page, "<button>Press</button>")
    with pytest.raises(AssertionError, match="nothing on the page has the focus"):
        focused(page)


@pytest.mark.parametrize(
    "style",
    [
        "p { width: 80px; height: 20px; overflow: hidden }",
        "p { width: 60px; overflow: hidden; white-space: nowrap }",
        "p { width: 3000px }",
    ],
)
def test_text_that_is_cut_off_is_found(page: Page, style: str) -> None:
    show(page, "<p>Something that is said in more than one word.</p>", style)
    assert cut_off(page)


def test_text_that_sticks_out_of_its_button_is_found(page: Page) -> None:
    show(page, "<button>Something long to press</button>")
    assert cut_off(page) == []
    show(page, "<button>Something long to press</button>", "button { width: 60px; height: 24px }")
    assert cut_off(page)


def test_text_that_ends_in_an_ellipsis_or_scrolls_is_not_cut_off(page: Page) -> None:
    ends = "p { width: 80px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }"
    for style in (ends, "p { width: 80px; height: 20px; overflow: auto }"):
        show(page, "<p>Something that is said in more than one word.</p>", style)
        assert cut_off(page) == []


def test_what_is_covered_is_found(page: Page) -> None:
    show(page, "<button>Press</button><div></div>")
    assert covered(page) == []
    show(page, "<button>Press</button><div></div>", "div { position: fixed; inset: 0 }")
    assert covered(page)
