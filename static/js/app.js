// What htmx and plain HTML cannot do: copying, help with long forms, and saying that this dashboard
// itself does not answer.
(() => {
  "use strict";

  const showCopyButtons = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      const said = document.createElement("p");
      said.className = "visually-hidden";
      said.textContent = button.dataset.copied;
      document.getElementById("messages").append(said);
      button.classList.add("copied");
      setTimeout(() => { button.classList.remove("copied"); said.remove(); }, 1500);
    } catch {
      // The browser forbids it: mark the value, so that the keyboard copies it.
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });

  const lostConnection = () => {
    const notice = document.getElementById("lost-connection").content.cloneNode(true);
    document.getElementById("alerts").replaceChildren(notice);
  };
  // A key that was cancelled, or is not there: allauth's scripts tell the console alone.
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const notice = document.getElementById("key-failed").content.cloneNode(true);
    document.getElementById("alerts").replaceChildren(notice);
  });

  const lazyFailed = (event) => {
    const lazy = event.target.closest(".lazy");
    if (lazy) lazy.classList.add("lazy-failed");
  };

  // The way back to the list leads to where one was in it: its page, size and search. A tab that
  // may not store anything goes to the first page.
  try {
    const isList = () => document.getElementById("q");
    addEventListener("pagehide", () => { if (isList()) sessionStorage.setItem("list", location.search); });
    // Whoever has signed out leaves nothing behind.
    if (!document.querySelector(".menu")) sessionStorage.removeItem("list");
    const place = sessionStorage.getItem("list");
    if (place) for (const link of document.querySelectorAll("[data-back]")) link.search = place;
  } catch { /* the link stays as it is */ }

  // Whoever joins need not look their time zone up.
  for (const field of document.querySelectorAll("[data-zone]")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;

  // A picture chosen for upload is shown before it is sent.
  document.addEventListener("change", (event) => {
    const image = document.getElementById(event.target.dataset?.preview);
    if (!image) return;
    const file = event.target.files[0];
    image.hidden = true;
    if (!file) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => { image.src = reader.result; });
    image.onload = () => { image.hidden = false; };
    reader.readAsDataURL(file);
  });

  // A colour can be picked or typed; what is typed is what is sent.
  for (const picker of document.querySelectorAll("[data-colour-of]")) {
    const text = document.getElementById(picker.dataset.colourOf);
    const follow = () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value; };
    picker.hidden = false;
    picker.addEventListener("input", () => { text.value = picker.value; });
    text.addEventListener("input", follow);
    follow();
  }

  // One more row without a round trip, which would lose the files that were chosen.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[name=add_row]");
    if (!button) return;
    event.preventDefault();
    const last = button.parentElement.querySelector("input:last-of-type");
    const row = last.cloneNode();
    row.value = "";
    row.ariaLabel = last.ariaLabel.replace(/\d+/, (number) => Number(number) + 1);
    last.after(row);
    row.focus();
  });

  // A way back draws a form anew, with a key of its own. It keeps the one that it had, so that what
  // was sent with it is not sent a second time.
  const key = document.querySelector("[data-sent-once]");
  if (key && history.state?.key) key.value = history.state.key;
  else if (key) history.replaceState({ key: key.value }, "");

  // Leaving a form that was changed asks first, unless it is being sent.
  let isSending = false;
  const inputOf = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
  const shown = new WeakMap();
  const watch = (root) => {
    for (const form of root.querySelectorAll("main form[method=post]")) {
      if (form.querySelector("[name=state]")) shown.set(form, inputOf(form));
    }
  };
  const isChanged = (form) => shown.has(form) && shown.get(form) !== inputOf(form);
  addEventListener("submit", () => { isSending = true; setTimeout(() => { isSending = false; }, 1000); });
  addEventListener("beforeunload", (event) => {
    if (!isSending && [...document.querySelectorAll("main form[method=post]")].some(isChanged)) event.preventDefault();
  });

  // A long form says that it is on its way; the page of an answer, or of a way back, does not.
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".form-wide")) event.target.classList.add("htmx-request");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll(".form-wide")) form.classList.remove("htmx-request");
  });

  // A page that was asked for may take seconds: the bar says that it is on its way. Reduced motion
  // draws it whole. What is left by Escape, or comes back, has none.
  const root = document.documentElement;
  addEventListener("beforeunload", (event) => { if (!event.defaultPrevented) root.classList.add("leaving"); });
  for (const stop of ["pageshow", "pagehide"]) addEventListener(stop, () => root.classList.remove("leaving"));
  globalThis.navigation?.addEventListener("navigateerror", () => root.classList.remove("leaving"));

  // Shortcuts are fetched with the first key that may be one.
  const keys = document.body.dataset.keys;
  let onKey;
  let early;
  if (keys) document.addEventListener("keydown", async (event) => {
    if (onKey) return onKey(event, document.body.dataset.keyboard);
    // What is pressed while they are on their way comes after.
    if (early) return early.push([event.target, new KeyboardEvent("keydown", event)]);
    const isPalette = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!isPalette && (!/^[/gjkne?]$/.test(event.key) || event.target.closest("input, textarea, select"))) return;
    if (isPalette || event.key === "/") event.preventDefault();
    early = [[event.target, new KeyboardEvent("keydown", event)]];
    onKey = (await import(keys)).default;
    for (const [target, key] of early) onKey(key, document.body.dataset.keyboard, target);
  });

  // The focus is not lost with what was exchanged, or barred for a while: it goes where that is now.
  let left;
  document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
    const had = document.activeElement;
    const place = had !== document.body && [detail.target, target].find((one) => one.contains(had));
    left = place && { had, id: place.id };
  });
  const giveBack = () => {
    if (!left || document.activeElement !== document.body) return;
    const inPlace = document.getElementById(left.id)?.querySelectorAll("a[href], button, input:not([type=hidden])") ?? [];
    [left.had, ...inPlace].find((one) => one.isConnected && one.checkVisibility())?.focus();
  };
  // A request that failed exchanges nothing; what an answer brings is shown once it has settled.
  document.addEventListener("htmx:afterRequest", giveBack);
  document.addEventListener("htmx:afterSettle", () => { giveBack(); left = undefined; });

  document.addEventListener("htmx:sendError", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:timeout", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:responseError", lazyFailed);
  document.addEventListener("htmx:beforeRequest", () => document.getElementById("alerts").replaceChildren());
  for (const [name, root] of [["htmx:load", (event) => event.target], ["DOMContentLoaded", () => document]]) {
    document.addEventListener(name, (event) => { showCopyButtons(root(event)); watch(root(event)); });
  }
})();
