// What the page needs outside of its components: notices that come and go, Escape for the phone's drawer, and whether
// a person is at the keyboard or the mouse.
(() => {
  function region() {
    let area = document.getElementById("kk-toasts");
    if (!area) {
      area = document.createElement("div");
      area.id = "kk-toasts";
      area.setAttribute("role", "status");
      area.setAttribute("aria-live", "polite");
      document.body.append(area);
    }
    return area;
  }

  globalThis.kkTell = (words, close) => {
    const toast = document.createElement("div");
    toast.className = "kk-toast";
    toast.dataset.testid = "toast";
    const text = document.createElement("span");
    text.textContent = words;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", close);
    button.onclick = () => toast.remove();
    toast.append(text, button);
    region().append(toast);
    setTimeout(() => toast.remove(), 8000);
  };

  // The toolbar of a message follows the mouse, or the focus of who walks by keyboard; never both at once. Browsers
  // call a click into a text box keyboard focus too, so :focus-visible alone cannot tell.
  const walks = new Set(["Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]);
  const marks = document.documentElement.classList;
  document.addEventListener("keydown", (event) => walks.has(event.key) && marks.add("kk-by-keys"), true);
  document.addEventListener("pointerdown", () => marks.remove("kk-by-keys"), true);
  document.addEventListener(
    "pointermove",
    (event) => (event.movementX || event.movementY) && marks.remove("kk-by-keys"),
    { capture: true, passive: true },
  );

  // Where the focus goes when a thread closes: to what opened it, else to the field of the conversation.
  globalThis.kkReturn = (ts) => {
    const main = document.querySelector('[data-testid="conversation"]');
    const message = ts && main?.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    const wanted = message?.querySelector(".kk-thread-link") ?? main?.querySelector('[data-testid="composer"]');
    wanted?.focus({ preventScroll: true });
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
    document.querySelector(".kk-drawer-open .kk-shade")?.click();
  });
})();
