// What htmx and plain HTML cannot do, on every page: copying, keeping focus, place and input, and
// saying what goes on, also where this dashboard itself does not answer.
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

  const alerts = document.getElementById("alerts");
  const lostConnection = () => {
    const notice = document.getElementById("lost-connection").content.cloneNode(true);
    alerts.replaceChildren(notice);
  };
  // A key that was cancelled, or is not there: allauth's scripts tell the console alone.
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const notice = document.getElementById("key-failed").content.cloneNode(true);
    alerts.replaceChildren(notice);
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
    for (const link of document.querySelectorAll("[data-back]")) {
      if (place) link.search = place;
      link.addEventListener("click", () => sessionStorage.setItem("row", location.pathname));
    }
    if (isList()) {
      document.querySelector(`th a[href="${CSS.escape(sessionStorage.getItem("row") ?? "")}"]`)?.focus();
      sessionStorage.removeItem("row");
    }
  } catch { /* the link stays as it is */ }

  // What an answer to a form says is wrong has the focus, unless the page gives it to something.
  const wrong = document.querySelector("main[data-answer] :is(.field-wrong :is(input:not([type=hidden]), select, textarea), .notice:not(#connection-banner, .notice-success))");
  if (wrong && document.activeElement === document.body) {
    if (wrong.matches(".notice")) wrong.tabIndex = -1;
    wrong.focus();
  }

  // What stands in a live region from the start is not read out: what a redirect says comes again.
  const messages = document.getElementById("messages");
  if (messages.childElementCount) setTimeout(() => messages.replaceChildren(...messages.cloneNode(true).childNodes), 300);
  const say = (text) => {
    const said = document.createElement("p");
    said.className = "visually-hidden";
    said.textContent = text;
    messages.append(said);
    setTimeout(() => said.remove(), 5000);
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "results" && event.target.id !== "results") return;
    say(document.querySelector("#results :is(.list-head > p, .empty)")?.textContent.replace(/\s+/g, " ").trim() ?? "");
  });

  // Half a syllable is no search: what an input method composes counts when it is done.
  document.addEventListener("input", (event) => { if (event.isComposing && event.target.id === "q") event.stopPropagation(); }, true);
  document.addEventListener("compositionend", ({ target }) => { if (target.id === "q") target.dispatchEvent(new Event("input", { bubbles: true })); });

  // The menu closes when it is left, and gives way to what it would hide.
  const menu = document.querySelector(".menu");
  const closeMenu = () => { if (menu) menu.open = false; };
  menu?.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget && !menu.contains(relatedTarget)) closeMenu(); });
  document.addEventListener("pointerdown", ({ target }) => { if (!menu?.contains(target)) closeMenu(); });
  menu?.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    closeMenu();
    menu.querySelector("summary").focus();
  });

  // Whoever joins need not look their time zone up.
  for (const field of document.querySelectorAll("[data-zone]")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;

  // What is counted above the list is true of what stands in it, also after an edit in a row. A row
  // that is being edited says neither, so the counts wait for it.
  const countAgain = () => {
    const summary = document.querySelector("p#webhooks");
    if (!summary || document.querySelector("tbody .webhook-editing")) return;
    const found = (selector) => document.querySelectorAll(`tbody .webhook:not(:has(.badge-deleted)) ${selector}`).length;
    for (const said of summary.querySelectorAll("[data-counts]")) {
      const n = found(said.dataset.counts);
      said.hidden = !n;
      said.textContent = said.textContent.replace(/\d+/, n);
    }
    summary.querySelector("[data-counts-none]").hidden = found(".none") || found(".unreadable") || !found(".url");
  };
  // Once for an answer to one row; the fragment that fills them all brings counts of its own.
  document.addEventListener("htmx:afterSettle", ({ detail }) => { if (/^webhook-/.test(detail.target?.id ?? "")) countAgain(); });

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
  // What went wrong is dismissed by its button or by Escape; the focus is where it was asked for.
  let asked;
  const dismiss = () => {
    const hadFocus = document.activeElement.closest(".alerts");
    alerts.replaceChildren();
    if (!hadFocus) return;
    asked?.focus();
    if (document.activeElement !== asked) document.getElementById("content").focus({ preventScroll: true });
  };
  document.getElementById("dismiss").addEventListener("click", dismiss);

  // After that, Escape leaves an edit in a row in which nothing was typed or is to be decided. An
  // input method that is left by it says so by its code alone in some browsers.
  document.addEventListener("keydown", ({ key, keyCode, target, isComposing }) => {
    if (key !== "Escape" || isComposing || keyCode === 229 || target.closest("dialog, .menu")) return;
    if (alerts.childElementCount) return dismiss();
    const form = target.closest("tbody .webhook-editing form");
    if (form && !isChanged(form) && !form.querySelector(".notice, .errors")) form.querySelector("a[hx-get]").click();
  });
  addEventListener("submit", ({ target }) => { if (target.id === "reveal") return; isSending = true; setTimeout(() => { isSending = false; }, 1000); });
  addEventListener("beforeunload", (event) => {
    if (!isSending && [...document.querySelectorAll("main form[method=post]")].some(isChanged)) event.preventDefault();
  });

  // A long form says that it is on its way; the page of an answer, or of a way back, does not.
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".form-wide")) event.target.classList.add("htmx-request");
  });
  const atRest = () => {
    for (const form of document.querySelectorAll(".form-wide")) form.classList.remove("htmx-request");
  };
  addEventListener("pageshow", atRest);

  // A page that was asked for may take seconds: the bar says that it is on its way. Reduced motion
  // draws it whole. What is left by Escape, or comes back, has none.
  const root = document.documentElement;
  // A link to an app, such as otpauth:, asks for no page.
  let isForApp = false;
  addEventListener("click", ({ target }) => { isForApp = !/^(https?:)?$/.test(target.closest?.("a[href]")?.protocol ?? ""); }, true);
  addEventListener("beforeunload", (event) => { if (!event.defaultPrevented && !isForApp) root.classList.add("leaving"); });
  for (const stop of ["pageshow", "pagehide"]) addEventListener(stop, () => root.classList.remove("leaving"));
  // Stopped before an answer came, a form no longer says that it is being saved.
  globalThis.navigation?.addEventListener("navigateerror", () => { root.classList.remove("leaving"); atRest(); });
  // A transition that is cut short by the next page is nobody's error.
  addEventListener("pagereveal", ({ viewTransition: fade }) => { for (const step of [fade?.ready, fade?.finished]) step?.catch(() => {}); });

  // Shortcuts are fetched with the first key that may be one.
  const { keys, keyboard } = document.body.dataset;
  let onKey;
  let early;
  if (keys) document.addEventListener("keydown", async (event) => {
    const box = document.getElementById("q");
    const isTyping = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog[open]");
    if (event.key === "/" && box && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey && !early) {
      event.preventDefault();
      box.focus();
      return box.select();
    }
    if (onKey) return onKey(event, keyboard);
    // What is pressed while they are on their way comes after.
    if (early) return early.push([event.target, new KeyboardEvent("keydown", event)]);
    const isPalette = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!isPalette && (!/^[/gjkne?]$/.test(event.key) || isTyping)) return;
    if (isPalette || event.key === "/") event.preventDefault();
    early = [[event.target, new KeyboardEvent("keydown", event)]];
    try {
      onKey = (await import(keys)).default;
      for (const [target, key] of early) onKey(key, keyboard, target);
    } finally {
      early = undefined;
    }
  });

  // The focus is not lost with what was exchanged, or barred for a while: it goes where that is now.
  const left = new WeakMap();
  document.addEventListener("htmx:beforeRequest", ({ target, detail }) => {
    const had = document.activeElement;
    const place = had !== document.body && [detail.target, target].find((one) => one.contains(had));
    if (place) left.set(detail.xhr, { had, id: place.id });
  });
  const giveBack = ({ detail }) => {
    const { had, id } = left.get(detail.xhr) ?? {};
    if (!had || document.activeElement !== document.body) return;
    const inPlace = document.getElementById(id)?.querySelectorAll("a[href], button, input:not([type=hidden])") ?? [];
    [had, ...inPlace].find((one) => one.isConnected && one.checkVisibility())?.focus();
  };
  // A request that failed exchanges nothing; what an answer brings is shown once it has settled.
  for (const name of ["htmx:afterRequest", "htmx:afterSettle"]) document.addEventListener(name, giveBack);

  // One form for the keys of all rows: htmx hears of a button when it is pressed, not of a hundred
  // at the start.
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (target.id !== "reveal" || !globalThis.htmx) return;
    event.preventDefault();
    if (submitter.matches(".htmx-request")) return;
    // Where the answer goes and how, the table says: said here, it would hold for errors as well.
    htmx.ajax("post", submitter.formAction, { source: submitter }).catch(() => { /* told below */ });
  });

  // The cells of all rows come in one answer. htmx would tell each that came of each that comes, so
  // they are put in their places here, and made known to htmx at once.
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (!detail.target.matches(".webhook-waiting")) return;
    detail.shouldSwap = false;
    detail.target.replaceWith(detail.fragment);
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id === "webhooks") htmx.process(document.querySelector("#results tbody"));
  });

  // What stands between here and the dashboard may answer in its place, without a word of ours.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.isError || detail.xhr.responseText.includes('id="error-message"')) return;
    detail.shouldSwap = false;
    lostConnection();
  });

  document.addEventListener("htmx:sendError", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:timeout", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:responseError", lazyFailed);
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    asked = detail.elt;
    alerts.replaceChildren();
  });
  for (const [name, root] of [["htmx:load", (event) => event.target], ["DOMContentLoaded", () => document]]) {
    document.addEventListener(name, (event) => { showCopyButtons(root(event)); watch(root(event)); });
  }
})();
