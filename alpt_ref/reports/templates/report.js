"use strict";
(() => {
  const root = document.documentElement;

  // Theme: as the system, light, dark. Storage may be refused to a page that is opened from disk.
  const themes = ["", "light", "dark"];
  const button = document.getElementById("theme");
  let theme = "";
  try { theme = localStorage.getItem("alpt-theme") || ""; } catch { /* none kept */ }
  const paint = () => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    button.textContent = "Theme: " + (theme || "as the system");
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("alpt-theme", theme); } catch { /* none kept */ }
    paint();
  });
  if (!themes.includes(theme)) theme = "";
  paint();

  const opener = document.getElementById("open-proofs");
  if (opener) {
    const proofs = [...document.querySelectorAll("details.proof")];
    opener.hidden = !proofs.length;
    opener.addEventListener("click", () => {
      const open = proofs.some((proof) => !proof.open);
      proofs.forEach((proof) => { proof.open = open; });
      opener.textContent = open ? "Close all proofs" : "Open all proofs";
    });
  }

  // On paper every proof is open.
  addEventListener("beforeprint", () => document.querySelectorAll("details.proof:not([open])").forEach((d) => { d.open = true; d.dataset.printed = ""; }));
  addEventListener("afterprint", () => document.querySelectorAll("details[data-printed]").forEach((d) => { d.open = false; delete d.dataset.printed; }));

  // Filters of the table of verdicts.
  const form = document.getElementById("filters");
  if (!form) return;
  form.hidden = false;
  const body = document.querySelector("#verdict-rows tbody");
  const rows = [...body.rows];
  const found = document.getElementById("found");
  const fields = ["statement", "verdict", "kind", "method"];
  const text = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const apply = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = fields.every((f) => !form.elements[f].value || row.dataset[f] === form.elements[f].value)
        && (!form.elements.odd.checked || row.classList.contains("odd"))
        && words.every((w) => text.get(row).includes(w));
      row.hidden = !fits;
      shown += fits;
    }
    found.textContent = shown === rows.length ? `All ${rows.length} rows` : `${shown} of ${rows.length} rows`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  for (const link of document.querySelectorAll("a[data-pick]")) {
    link.addEventListener("click", () => {
      form.reset();
      const [field, value] = link.dataset.pick.split("=");
      if (field === "odd") form.elements.odd.checked = true; else form.elements[field].value = value;
      apply();
    });
  }
  apply();

  // Sorting, by the numbers behind the cells where there are any.
  const value = (row, i) => {
    const cell = row.cells[i];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  document.querySelectorAll("#verdict-rows thead th").forEach((head, i) => {
    const label = head.textContent;
    head.innerHTML = "";
    const sorter = head.appendChild(document.createElement("button"));
    sorter.type = "button";
    sorter.textContent = label;
    sorter.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      document.querySelectorAll("#verdict-rows thead th").forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = [...rows].sort((a, b) => {
        const [x, y] = [value(a, i), value(b, i)];
        if (typeof x === typeof y && typeof x === "number") return x - y;
        return String(x).localeCompare(String(y), "en", { numeric: true });
      });
      if (down) order.reverse();
      body.append(...order);
    });
  });
})();
