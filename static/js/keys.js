// The keyboard of those who work here all day: shortcuts, and a palette that finds chatbots, pages
// and actions. app.js loads this with the first key that means something; nothing here is needed.
const TIMEOUT = 1200;
const WAIT = 250;
const MOST = 8;

let place;
let loading;
let prefix = "";
let forget;
// While the palette is on its way: what is typed for it. While another answer is: nothing counts.
let typedAhead = null;
let isBusy = false;

// The dialogs, with the links that the member has. Asked for once a page.
const load = (url) => (loading ??= fetch(url, { headers: { "X-Requested-With": "fetch" } })
  .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer)))
  .then((html) => {
    place = document.createElement("div");
    place.innerHTML = html;
    document.body.append(place);
    preparePalette();
  })
  .catch(() => { loading = undefined; }));

const find = (selector) => place?.querySelector(selector);
// The links that came with the dialogs.
const brought = () => [...(place?.querySelectorAll("template") ?? [])].flatMap((one) => [...one.content.querySelectorAll("a")]);
const isTyping = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]");
const isOpen = () => document.querySelector("dialog[open]");

// Rows: the focus is the mark, so that Enter opens and a screen reader says where one is.
const rows = () => [...document.querySelectorAll("table tbody th a, .changes > li a")];
const move = (by) => {
  const links = rows();
  if (!links.length) return;
  const row = document.activeElement.closest("tr, .changes > li");
  const at = links.findIndex((link) => row?.contains(link));
  const next = links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
};
const editWebhook = () => {
  const here = document.activeElement.closest("tr") ?? document.querySelector("main");
  here.querySelector("a[href*='/webhook/']")?.click();
};

const act = (keys) => {
  const link = brought().find((one) => one.dataset.key === keys);
  if (link) { location.assign(link.href); return; }
  const acts = { j: () => move(1), k: () => move(-1), e: editWebhook, "?": () => find("#shortcuts")?.showModal() };
  acts[keys]?.();
};

const collect = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (event.key === "Escape") typedAhead = null;
  else if (event.key === "Backspace") typedAhead = typedAhead.slice(0, -1);
  else if (event.key.length === 1) typedAhead += event.key;
};
const fetchPalette = async (url) => {
  typedAhead = "";
  await load(url);
  const words = typedAhead;
  typedAhead = null;
  if (words !== null) openPalette(words);
};

const pressed = async (event, url, target = event.target) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (typedAhead !== null) return collect(event);
  const isPalette = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
  if (isPalette) {
    event.preventDefault();
    return fetchPalette(url);
  }
  if (isBusy || event.ctrlKey || event.metaKey || event.altKey || isTyping(target) || isOpen()) return;
  const keys = prefix ? `${prefix} ${event.key}` : event.key;
  clearTimeout(forget);
  prefix = "";
  if (event.key === "g" && keys === "g") {
    prefix = "g";
    forget = setTimeout(() => { prefix = ""; }, TIMEOUT);
    load(url);
    return;
  }
  if (!/^(g .|[/jkne?])$/.test(keys)) return;
  // The browser's own search, or a letter in the box that is about to have the focus.
  event.preventDefault();
  if (keys === "/") return fetchPalette(url);
  if (!/^[jke]$/.test(keys)) {
    isBusy = true;
    await load(url);
    isBusy = false;
  }
  act(keys);
};

// The palette
const openPalette = (words) => {
  const palette = find("#palette");
  if (!palette || isOpen()) return;
  palette.showModal();
  const box = palette.querySelector("input");
  box.value = words;
  list(words);
  box.focus();
};

// What the page itself offers, beside what the palette brings along.
const offered = () => {
  const known = new Set();
  const links = document.querySelectorAll(".top-nav a, .menu-body a, .page-head a.button, .actions a.button");
  return [...brought(), ...links]
    .map((link) => ({ text: link.textContent.trim(), href: link.getAttribute("href"), key: link.dataset.key }))
    .filter(({ text, href }) => text && href && !known.has(href) && known.add(href));
};

const option = ({ text, href, note, key }, index) => {
  const item = document.createElement("li");
  item.id = `palette-${index}`;
  item.role = "option";
  item.dataset.href = href;
  item.append(text);
  for (const [more, name] of [[note, "span"], [key, "kbd"]]) {
    if (!more) continue;
    const part = document.createElement(name);
    part.textContent = more;
    item.append(" ", part);
  }
  return item;
};

let shown = [];
let chosen = 0;
let isSearching = false;
let couldNot = false;
const draw = (stayAt) => {
  const listbox = find("#palette-found");
  listbox.replaceChildren(...shown.map(option));
  const [none, searching, failed] = find("#palette-none").children;
  none.hidden = shown.length > 0 || isSearching || couldNot;
  searching.hidden = !isSearching;
  failed.hidden = !couldNot;
  // What was chosen stays so when more is found.
  choose(Math.max(0, shown.findIndex(({ href }) => href === stayAt)));
};
const choose = (index) => {
  chosen = (index + shown.length) % (shown.length || 1);
  const items = find("#palette-found").children;
  [...items].forEach((item, at) => { item.ariaSelected = String(at === chosen); });
  items[chosen]?.scrollIntoView({ block: "nearest" });
  find("#palette input").setAttribute("aria-activedescendant", items[chosen]?.id ?? "");
};

let asked = 0;
let waiting;
const list = (words) => {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  shown = offered().filter(({ text }) => wanted.every((word) => text.toLowerCase().includes(word)));
  isSearching = wanted.length > 0;
  couldNot = false;
  draw();
  clearTimeout(waiting);
  asked += 1;
  if (isSearching) waiting = setTimeout(() => findChatbots(words.trim(), asked), WAIT);
};
const findChatbots = async (words, number) => {
  const palette = find("#palette");
  palette.ariaBusy = "true";
  try {
    const answer = await fetch(`${palette.querySelector("[data-search]").dataset.search}?${new URLSearchParams({ q: words })}`, { headers: { "HX-Request": "true", "HX-Target": "results" } });
    if (!answer.ok || answer.redirected) throw answer;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== asked) return;
    if (!page.getElementById("results")) throw answer;
    const found = [...page.querySelectorAll("tbody tr")].slice(0, MOST).map((row) => ({
      text: row.querySelector("th a").textContent.trim(),
      href: row.querySelector("th a").getAttribute("href"),
      note: row.querySelector(".id")?.textContent,
    }));
    shown = [...shown, ...found];
  } catch {
    // What is listed already stays; the list of chatbots itself says what is wrong.
    if (number === asked) couldNot = true;
  } finally {
    if (number === asked) {
      isSearching = false;
      palette.ariaBusy = "false";
      draw(shown[chosen]?.href);
    }
  }
};

const preparePalette = () => {
  const palette = find("#palette");
  const box = palette.querySelector("input");
  const open = () => { if (shown[chosen]) location.assign(shown[chosen].href); };
  box.addEventListener("input", (event) => { if (!event.isComposing) list(box.value); });
  box.addEventListener("compositionend", () => list(box.value));
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) choose(chosen + steps[event.key]);
    else if (event.key === "Enter") open();
    else return;
    event.preventDefault();
  });
  find("#palette-found").addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) location.assign(item.dataset.href);
  });
  for (const dialog of place.querySelectorAll("dialog")) {
    // A click beside it closes it.
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
};

export default pressed;
