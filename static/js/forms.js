// Help with the long forms, create and edit. Both work without it.
(() => {
  "use strict";

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
})();
