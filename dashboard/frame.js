// What Streamlit's page lacks: it knows at once where its server is, it can be used by keys, what is typed into a search is completed, and a
// name is asked for once.
(() => {
  const base = new URL(".", document.currentScript.src);
  // Without these it looks below the page's own address first, and every link into Andon begins with two answers of 404.
  window.__streamlit = { BACKEND_BASE_URL: base.href, MAIN_PAGE_BASE_URL: base.href };

  const rows = () =>
    [...document.querySelectorAll(".andon-incidents a.incident, .andon-table td.key a")].filter((row) => row.offsetParent);
  let last = ""; // the row that had the focus: a page that refreshes draws it anew
  let going = -Infinity; // when "g" was pressed: the next letter names a page

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
    going = -Infinity;
    if (page) page.click();
    else if (!KEYS[event.key]?.()) return;
    event.preventDefault();
  });

  addEventListener("click", (event) => {
    if (event.target.closest?.(".andon-keys-open")) list();
    if (event.target.closest?.(".andon-keys") === event.target) event.target.close(); // beside the list
  });

  const SEARCHES = '.andon-search input, input[aria-label="Find a number or a name"]';
  const menu = Object.assign(document.createElement("ul"), { id: "andon-suggestions", role: "listbox", ariaLabel: "Suggestions" });
  let box, waiting, asking;

  const close = () => {
    clearTimeout(waiting);
    asking?.abort();
    menu.remove();
    box?.setAttribute("aria-expanded", "false");
  };
  const go = (value) => location.assign(new URL(`transactions?${new URLSearchParams({ find: value })}`, base));
  const open = (found) => {
    if (!found.length || document.activeElement !== box) return close();
    menu.replaceChildren(...found.map((one, number) => {
      const option = Object.assign(document.createElement("li"), { id: `andon-suggestion-${number}`, role: "option", textContent: one.value });
      option.append(Object.assign(document.createElement("span"), { textContent: one.is }));
      option.addEventListener("pointerdown", (event) => { event.preventDefault(); go(one.value); });
      return option;
    }));
    const place = box.getBoundingClientRect();
    Object.assign(menu.style, { left: `${place.left}px`, top: `${place.bottom + 4}px`, minWidth: `${place.width}px` });
    document.querySelector(".stApp").append(menu); // where the colours are
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": menu.id, "aria-expanded": "true", autocomplete: "off" }))
      box.setAttribute(name, value);
  };

  addEventListener("input", (event) => {
    if (!event.target.matches?.(SEARCHES)) return;
    close();
    box = event.target;
    const typed = box.value.trim();
    if (typed.length < 2) return;
    waiting = setTimeout(async () => {
      asking = new AbortController();
      const address = new URL(`suggestions?${new URLSearchParams({ find: typed })}`, base);
      const found = await fetch(address, { signal: asking.signal }).then((answer) => (answer.ok ? answer.json() : []), () => null);
      if (found) open(found);
    }, 150);
  });
  addEventListener("keydown", (event) => {
    if (event.target !== box || !menu.isConnected) return;
    const options = [...menu.children], at = options.findIndex((option) => option.ariaSelected);
    if (event.key === "Enter" && at >= 0) go(options[at].firstChild.data);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const to = event.key === "ArrowDown" ? (at + 1) % options.length : (Math.max(at, 0) || options.length) - 1;
      options.forEach((option, number) => (option.ariaSelected = number === to ? "true" : null));
      box.setAttribute("aria-activedescendant", options[to].id);
    } else return event.key === "Escape" ? close() : undefined;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  addEventListener("focusout", (event) => event.target === box && close());
  addEventListener("scroll", close, true);

  addEventListener("change", (event) => {
    if (event.target.getAttribute?.("aria-label") !== "Your name") return;
    const name = encodeURIComponent(event.target.value.trim().slice(0, 100));
    document.cookie = `andon_name=${name}; path=${base.pathname}; max-age=31536000; samesite=strict`;
  });
})();
