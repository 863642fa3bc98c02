"""What a person sees of a page, as far as the browser itself can tell: what has the focus and
whether that shows, what is cut off or covered, and what axe finds.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

# More stops than any page has between two things that belong together.
MOST_STOPS = 120

# The bar is WCAG 2.2 AA, so rules of AAA stay out; deprecated ones ask for nothing any more.
_CHOOSE_RULES = """() => Object.fromEntries(axe._audit.rules.map((rule) => [rule.id, {
  enabled: !rule.tags.some((tag) => tag === "deprecated" || /aaa$/.test(tag)),
}]))"""

_FOCUS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const said = element.getAttribute("aria-label") || element.labels?.[0]?.textContent
    || element.textContent || element.getAttribute("name") || "";
  const words = said.trim().replace(/\\s+/g, " ").slice(0, 60);
  const name = `${element.tagName.toLowerCase()} “${words}”`;
  const wrong = [];

  // In view: its middle and its edges, in the first line of it, belong to it and nothing is on top.
  const box = [...element.getClientRects()].find((one) => one.width && one.height);
  const isOurs = (x, y) => {
    const hit = document.elementFromPoint(x, y);
    return hit && [element, ...(element.labels ?? [])].some((one) => one.contains(hit));
  };
  if (!box) wrong.push("has no box");
  else if (box.bottom - box.top > innerHeight) {
    if (box.top > innerHeight || box.bottom < 0) wrong.push("is out of view");
  } else {
    const x = (box.left + box.right) / 2;
    const inset = Math.min(3, box.height / 4);
    const middle = (box.top + box.bottom) / 2;
    const edges = { top: box.top + inset, middle, bottom: box.bottom - inset };
    // Of a long text the browser brings the line that one writes on into view, not the end.
    if (element.matches("textarea")) delete edges.bottom;
    for (const [edge, y] of Object.entries(edges)) {
      const isOut = x < 0 || y < 0 || x > innerWidth || y > innerHeight;
      const cover = isOut || document.elementFromPoint(x, y)?.outerHTML.slice(0, 80);
      if (isOut) wrong.push(`its ${edge} is out of view`);
      else if (!isOurs(x, y)) wrong.push(`its ${edge} is covered by ${cover}`);
    }
  }

  // Marked: by an outline or a ring of its own, or of what stands for it, as a card does for its
  // radio button. What only takes the focus from a script needs none.
  const isMarked = (one) => {
    if (!one) return false;
    const style = getComputedStyle(one);
    const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
      && !/^rgba\\(.*, 0\\)$/.test(style.outlineColor);
    return hasOutline || /\\d+px [1-9]\\d*px/.test(style.boxShadow);
  };
  const stands = [
    element, element.parentElement, element.nextElementSibling, ...(element.labels ?? []),
  ];
  // The buttons and parts inside a date are the browser's own, and so is their mark.
  const isInside = element.type === "date" && !element.matches(":focus");
  if (element.tabIndex >= 0 && !isInside && !stands.some(isMarked)) wrong.push("shows no focus");
  return { name, wrong };
}"""

_SETTLED_FOCUS = f"""async () => {{
  const look = {_FOCUS};
  for (let frame = 0; frame < 60; frame += 1) {{
    const found = look();
    if (found && !found.wrong.length) return found;
    await new Promise(requestAnimationFrame);
  }}
  return look();
}}"""

# Text that a box cuts off for good. Where it ends with “…” the rest is a hover or a page away.
_CUT_OFF = """() => {
  const found = [];
  const isGone = (style, box) => style.clipPath !== "none" || box.width <= 1 || box.height <= 1;
  const owner = (node) => {
    for (let one = node; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      const box = one.getBoundingClientRect();
      const ends = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
      if (isGone(style, box) || ends) return null;
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) return null;
      if (/hidden|clip/.test(style.overflowX + style.overflowY)) return one;
    }
    return undefined;
  };
  const boxed = "button, .button, .badge, summary, th, td, label, legend, h1, h2, nav a";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const isSeen = node.parentElement.checkVisibility({ visibilityProperty: true });
    if (!node.data.trim() || !isSeen) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const cutter = owner(node.parentElement);
    if (cutter === null) continue;
    const boxes = { "cut off by": cutter, "sticks out of": node.parentElement.closest(boxed) };
    for (const [kind, box] of Object.entries(boxes)) {
      if (!box) continue;
      const edge = box.getBoundingClientRect();
      const isOver = (one) => one.top < edge.top - 3 || one.bottom > edge.bottom + 3;
      const isOut = (one) => one.right > edge.right + 1.5 || one.left < edge.left - 1.5
        || (one.height < edge.height + 4 && isOver(one));
      if (![...range.getClientRects()].some((one) => one.width > 1 && isOut(one))) continue;
      found.push(`“${node.data.trim().slice(0, 50)}” ${kind} ${box.outerHTML.slice(0, 100)}`);
    }
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`${scrollWidth} wide, the screen ${clientWidth}`);
  return found;
}"""

# What can be pressed, and cannot because something else lies on it.
_COVERED = """() => {
  const found = [];
  const pressable = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const element of document.querySelectorAll(pressable)) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (getComputedStyle(element).clipPath !== "none") continue;
    if (element.closest("[aria-hidden=true], [inert]")) continue;
    element.scrollIntoView({ block: "center", behavior: "instant" });
    const box = [...element.getClientRects()].find((one) => one.width > 1 && one.height > 1);
    if (!box) continue;
    const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    const isIts = hit && (element.contains(hit) || hit.contains(element) && !hit.matches(pressable)
      || [...(element.labels ?? [])].some((one) => one.contains(hit)));
    const [it, cover] = [element, hit].map((one) => one?.outerHTML.slice(0, 100));
    if (!isIts) found.push(`${it} is covered by ${cover}`);
  }
  scrollTo(0, 0);
  return found;
}"""


def axe_finds(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """What axe finds on the page, of any severity: by all its rules up to WCAG 2.2 AA and its
    best practices, experimental ones and the size of targets included; or by `rules` alone.
    """
    axe = Axe()
    page.evaluate(axe.axe_script)
    chosen = page.evaluate(_CHOOSE_RULES)
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": chosen}
    if rules:
        options = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": rules}}
    found: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


def focused(page: Page) -> str:
    """What has the focus, by its tag and name; it is in view, uncovered, and shows the focus.

    Fails where nothing has it. Waits a moment for what still scrolls.
    """
    found = page.evaluate(_SETTLED_FOCUS)
    assert found, "nothing on the page has the focus"
    assert not found["wrong"], f"{found['name']}: {found['wrong']}"
    return str(found["name"])


def tab_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Walk to `target` by Tab, or by `key`; each stop on the way can be seen."""
    expect(target).to_be_visible()
    handle = target.element_handle()
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        # Between the end of the page and its start the browser's own bars have the focus.
        if page.evaluate("document.activeElement === document.body"):
            continue
        stops.append(focused(page))
        if page.evaluate("target => target === document.activeElement", handle):
            return
    raise AssertionError(f"{target} is not among {stops}")


def cut_off(page: Page) -> list[str]:
    """Text that is cut off or sticks out of its box, and whether the page scrolls sideways."""
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


def covered(page: Page) -> list[str]:
    """What can be pressed and is covered by something else."""
    found: list[str] = page.evaluate(_COVERED)
    return found
