// What Streamlit's page lacks: it knows at once where its server is, it can be used by keys, and a name is asked for once.
(() => {
  const base = new URL(".", document.currentScript.src);
  // Without these it looks below the page's own address first, and every link into Andon begins with two answers of 404.
  window.__streamlit = { BACKEND_BASE_URL: base.href, MAIN_PAGE_BASE_URL: base.href };

  const rows = () =>
    [...document.querySelectorAll(".andon-incidents a.incident, .andon-table td.key a")].filter((row) => row.offsetParent);
  let last = ""; // the row that had the focus: a page that refreshes draws it anew
  let going = 0; // when "g" was pressed: the next letter names a page

  function step(by) {
    const all = rows();
    if (!all.length) return false;
    const at = all.includes(document.activeElement) ? all.indexOf(document.activeElement) : all.findIndex((row) => row.href === last);
    const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    last = row.href;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  function search() {
    const box = document.querySelector(".andon-search input");
    box?.focus();
    box?.select();
    return Boolean(box);
  }

  function list() {
    const dialog = document.querySelector(".andon-keys");
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    return true;
  }

  function back() {
    const link = document.querySelector(".andon-detail a.back, a.andon-back");
    link?.click();
    return Boolean(link);
  }

  const KEYS = { "/": search, "?": list, j: () => step(1), k: () => step(-1), Escape: back, g: () => (going = performance.now()) };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape" && typing.closest(".andon-search")) typing.blur();
      return;
    }
    if (document.querySelector("dialog[open], [role=dialog], [role=listbox], [role=menu]")) return; // Escape closes it, and letters are its own
    const page = performance.now() - going < 1500 && document.querySelector(`.andon-times nav a[aria-keyshortcuts="g ${CSS.escape(event.key)}"]`);
    going = 0;
    if (page) page.click();
    else if (!KEYS[event.key]?.()) return;
    event.preventDefault();
  });

  addEventListener("click", (event) => {
    if (event.target.closest?.(".andon-keys-open")) list();
    if (event.target.closest?.(".andon-keys") === event.target) event.target.close(); // beside the list
  });

  addEventListener("change", (event) => {
    if (event.target.getAttribute?.("aria-label") !== "Your name") return;
    const name = encodeURIComponent(event.target.value.trim().slice(0, 100));
    document.cookie = `andon_name=${name}; path=${base.pathname}; max-age=31536000; samesite=strict`;
  });
})();
