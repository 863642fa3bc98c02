"""The main pages in forced colours, as Windows' contrast themes draw them: backgrounds and shadows
are gone, so buttons need a border, icons that are drawn by a mask a colour of their own, and the
focus and what is chosen a line.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Fault, Sandbox

from .conftest import ADMIN, Console, OpenPage
from .looking import axe_finds, focused
from .pages import INFO

pytestmark = pytest.mark.browser

PAGES = [
    *(
        "/chatbots/?webhooks=1",
        "/chatbots/{id}/",
        "/chatbots/{id}/edit/",
        "/chatbots/{id}/webhook/",
    ),
    *("/chatbots/{id}/delete/", "/chatbots/new/", "/activity/", "/plans/", "/token/", "/team/"),
]
STOPS = 12

_LOOK = """() => {
  const found = [];
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colour = (name) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = name;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].join();
  };
  const isClear = (name) => colour(name).endsWith(",0");
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const ground = getComputedStyle(one).backgroundColor;
      if (!isClear(ground)) return colour(ground);
    }
    return colour("Canvas");
  };
  const say = (element, wrong) => found.push(`${wrong}: ${element.outerHTML.slice(0, 120)}`);
  const asSeen = { visibilityProperty: true, opacityProperty: true };
  const isThere = (element) => element.checkVisibility(asSeen)
    && getComputedStyle(element).clipPath === "none";
  const sides = ["Top", "Right", "Bottom", "Left"];

  for (const element of document.querySelectorAll("body *")) {
    if (!isThere(element)) continue;
    for (const pseudo of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, pseudo);
      if (pseudo && (style.content === "none" || style.content === "normal")) continue;
      if (style.display === "none" || style.visibility === "hidden") continue;
      // A mask cuts a shape out of a background: the shape is seen where the two colours differ.
      if (style.maskImage !== "none") {
        const ground = behind(pseudo ? element : element.parentElement);
        if (isClear(style.backgroundColor) || colour(style.backgroundColor) === ground) {
          say(element, `an icon cannot be seen (${pseudo ?? "itself"})`);
        }
      }
    }
  }
  // Links within text are told by their line; what looks like a button or a field has an edge.
  const edged = "button, .button, select, textarea, "
    + "input:not([type=hidden], [type=checkbox], [type=radio])";
  for (const element of document.querySelectorAll(edged)) {
    if (!isThere(element)) continue;
    const style = getComputedStyle(element);
    const ground = behind(element.parentElement);
    const edges = sides.filter((side) => style[`border${side}Style`] !== "none"
      && parseFloat(style[`border${side}Width`]) >= 1 && !isClear(style[`border${side}Color`])
      && colour(style[`border${side}Color`]) !== ground);
    const isFlat = isClear(style.backgroundColor) || colour(style.backgroundColor) === ground;
    // A line below is enough to tell a field.
    const fewest = element.matches("button, .button") ? 4 : 1;
    if (edges.length < fewest && isFlat) say(element, "it has no edge");
  }
  // The page one is on differs from the others by more than a colour.
  for (const element of document.querySelectorAll("nav [aria-current]")) {
    const other = [...element.closest("nav").querySelectorAll("a:not([aria-current])")][0];
    if (!other) continue;
    const told = (one) => {
      const style = getComputedStyle(one);
      const lines = sides.filter((side) => parseFloat(style[`border${side}Width`])
        && colour(style[`border${side}Color`]) !== behind(one));
      return [style.fontWeight, style.textDecorationLine, style.outlineStyle, ...lines].join();
    };
    if (told(element) === told(other)) say(element, "nothing tells the page one is on");
  }
  return found;
}"""


def look(page: Page) -> list[str]:
    """What cannot be seen on the page as it stands."""
    found: list[str] = page.evaluate(_LOOK)
    return found


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Admin's browser, in forced colours."""
    return open_page(ADMIN, forced_colors="active", reduced_motion="reduce")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_buttons_icons_and_the_focus_can_be_seen(page: Page, sandbox: Sandbox, theme: str) -> None:
    page.emulate_media(color_scheme=theme, forced_colors="active")  # type: ignore[arg-type]
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    found = {}
    for address in PAGES:
        page.goto(address.format(id=bot.id))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found[address] = look(page)
        # The browser draws the line around it in either theme.
        for _ in range(STOPS if theme == "light" else 0):
            page.keyboard.press("Tab")
            focused(page)
    assert {address: one for address, one in found.items() if one} == {}


def test_what_goes_wrong_can_be_seen(page: Page, sandbox: Sandbox, console: Console) -> None:
    """Errors, warnings, a row that cannot be read, and the dialogs."""
    console.expect("status of 422")
    bot = sandbox.users[0].chatbots[0]
    sandbox.order(Fault("not_json", path=INFO, times=30))
    page.goto("/chatbots/?webhooks=1")
    expect(page.get_by_text("Could not be read").first).to_be_visible()
    found = look(page)
    sandbox.clear_faults()
    page.goto(f"/chatbots/{bot.id}/edit/")
    page.get_by_label("Main colour", exact=True).fill("red")
    page.get_by_role("main").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#wrong")).to_be_focused()
    found += look(page)
    page.goto("/plans/")
    for key in ("?", "Control+k"):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        found += look(page)
        if key == "Control+k":
            chosen = page.get_by_role("option", selected=True)
            expect(chosen).to_have_css("outline-style", re.compile("solid|auto"))
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    assert found == []


def test_what_is_looked_for_is_found(page: Page) -> None:
    """A button without an edge, and an icon in a colour that is forced away."""
    page.goto("/plans/")
    page.set_content("<button id=flat>Flat</button><p id=icon>Icon</p>")
    page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`#flat { border: 0 }
            #icon::before { content: ""; display: inline-block; width: 16px; height: 16px;
              background: currentcolor; mask: linear-gradient(#000 50%, #0000 50%) }`);
          document.adoptedStyleSheets = [sheet];
        }"""
    )
    flat, icon = sorted(look(page), key=lambda one: "icon" in one.partition(":")[0])
    assert (flat.partition(":")[0], "icon cannot be seen" in icon) == ("it has no edge", True)
    assert axe_finds(page, rules=["button-name"]) == []
