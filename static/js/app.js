// What htmx and plain HTML cannot do: copying, and saying that this dashboard itself does not answer.
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
  const lazyFailed = (event) => {
    const lazy = event.target.closest(".lazy");
    if (lazy) lazy.classList.add("lazy-failed");
  };

  // A picture chosen for upload is shown before it is sent.
  document.addEventListener("change", (event) => {
    const image = document.getElementById(event.target.dataset?.preview);
    if (!image) return;
    const file = event.target.files[0];
    image.hidden = !file;
    if (!file) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => { image.src = reader.result; });
    reader.readAsDataURL(file);
  });

  // A colour can be picked or typed; what is typed is what is sent.
  for (const picker of document.querySelectorAll("[data-colour-of]")) {
    const text = document.getElementById(picker.dataset.colourOf);
    picker.hidden = false;
    picker.addEventListener("input", () => { text.value = picker.value; });
    text.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value; });
  }

  document.addEventListener("htmx:sendError", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:timeout", (event) => { lostConnection(); lazyFailed(event); });
  document.addEventListener("htmx:responseError", lazyFailed);
  document.addEventListener("htmx:beforeRequest", () => document.getElementById("alerts").replaceChildren());
  document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
  document.addEventListener("DOMContentLoaded", () => showCopyButtons(document));
})();
