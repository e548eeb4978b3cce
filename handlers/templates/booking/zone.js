// The times are shown in the zone that the browser names, once, and only where the reader has not chosen one.
(() => {
  const shown = document.body.dataset.detect;
  if (!shown) return;
  let zone = "";
  try {
    zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  } catch {
    return;
  }
  if (!zone || zone === shown) return;
  const address = new URL(location.href);
  address.searchParams.set("tz", zone);
  location.replace(address);
})();
