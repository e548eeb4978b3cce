// What the page needs outside of its components: notices that come and go, and Escape for the phone's drawer.
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

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    document.querySelector(".kk-drawer-open .kk-shade")?.click();
  });
})();
