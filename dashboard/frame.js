// What Streamlit's page lacks: it knows at once where its server is, "/" leads to the search, and a name is asked for once.
(() => {
  const base = new URL(".", document.currentScript.src);
  // Without these it looks below the page's own address first, and every link into Andon begins with two answers of 404.
  window.__streamlit = { BACKEND_BASE_URL: base.href, MAIN_PAGE_BASE_URL: base.href };

  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const box = document.querySelector(".andon-search input");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  addEventListener("change", (event) => {
    if (event.target.getAttribute?.("aria-label") !== "Your name") return;
    const name = encodeURIComponent(event.target.value.trim().slice(0, 100));
    document.cookie = `andon_name=${name}; path=${base.pathname}; max-age=31536000; samesite=strict`;
  });
})();
