// Part of Tillbridge. See LICENSE.
"use strict";

// A second click on a form that is on its way does nothing; the server knows its copy too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});
// A page that comes back from the browser's memory may send again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// The first field that is wrong, or the first one at all, is where typing begins.
const first = document.querySelector(".field.wrong :is(input, select, textarea)")
  ?? document.querySelector(".bare main form input:not([type=hidden])");
first?.focus();

// Where the menu is a row, the page that is open is in sight.
const menu = document.querySelector(".menu");
const current = menu?.querySelector("[aria-current]");
if (current) menu.scrollLeft = current.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;

// "/" goes to the search field of a page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// A file that is chosen fills the text field beside it, where it can be seen and changed before it is sent.
for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.addEventListener("change", async () => {
    const target = document.getElementById(input.dataset.into);
    if (input.files[0] && target) target.value = await input.files[0].text();
  });
}

// ---- The live list ----
const rows = document.getElementById("rows");
// Problems by age: the server orders and counts them, so all of it is fetched again when something has changed.
const board = document.getElementById("board");
const stream = (rows ?? board)?.dataset.stream;
if (stream) {
  const most = 200;
  const live = document.getElementById("live");
  const bar = document.getElementById("news");
  const pause = document.getElementById("pause");
  const held = new Map();
  let paused = false;
  let lastAt = Date.now();
  let due = null;

  const busy = () => paused || scrollY > 80 || rows.querySelector(".chosen") !== null;
  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.querySelector("tr");
  };
  const insert = (row) => {
    rows.prepend(row);
    row.classList.add("flash");
    document.getElementById("empty")?.remove();
    while (rows.children.length > most) rows.lastElementChild.remove();
  };
  const showHeld = () => {
    for (const row of held.values()) insert(row);
    held.clear();
    bar.hidden = true;
  };
  const renew = async () => {
    if (paused || document.hidden) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("board");
    // The session has ended: the answer is the page to sign in.
    if (!found) { location.reload(); return; }
    const chosen = board.querySelector(".chosen")?.id;
    board.replaceChildren(...found.childNodes);
    if (chosen) document.getElementById(chosen)?.classList.add("chosen");
  };
  const take = (number, html) => {
    // Many changes at once are one renewal.
    if (board) { due ??= setTimeout(() => { due = null; renew(); }, 1000); return; }
    const row = parse(html);
    if (!row) return;
    const present = document.getElementById("p-" + number);
    if (present) {
      const chosen = present.classList.contains("chosen");
      present.replaceWith(row);
      row.classList.toggle("chosen", chosen);
      row.classList.add("flash");
    } else if (busy() || held.size > 0) {
      held.set(number, row);
      bar.textContent = bar.dataset.text.replace("{0}", held.size);
      bar.hidden = false;
    } else {
      insert(row);
    }
  };
  const say = (text, wrong) => {
    live.textContent = text;
    live.classList.toggle("warning", wrong);
  };
  const open = () => {
    const source = new EventSource(stream);
    source.addEventListener("open", () => say(paused ? live.dataset.paused : live.dataset.on, false));
    source.addEventListener("row", (event) => {
      const { number, html } = JSON.parse(event.data);
      take(number, html);
    });
    source.addEventListener("strip", (event) => {
      lastAt = Date.now();
      for (const [name, value] of Object.entries(JSON.parse(event.data))) {
        const place = document.querySelector(`[data-strip="${name}"]`);
        if (place && place.textContent !== value) place.textContent = value;
      }
    });
    source.addEventListener("error", () => {
      say(live.dataset.lost.replace("{0}", new Date(lastAt).toLocaleTimeString("en-GB")), true);
      // A session that has ended is answered with the page to sign in, and the browser gives up.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    });
  };
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? pause.dataset.go : pause.dataset.stop;
    say(paused ? live.dataset.paused : live.dataset.on, false);
    if (!paused && board) renew();
    if (!paused && rows) showHeld();
  });
  bar.addEventListener("click", () => { scrollTo({ top: 0 }); showHeld(); });
  if (board) setInterval(renew, board.dataset.again * 1000);
  open();
}

// Rows of any list: j and k move, Enter opens, a click anywhere in the row opens it too.
const list = board ?? document.querySelector("tbody:has(tr[data-href])") ?? rows;
if (list) {
  const items = () => [...list.querySelectorAll("tr[data-href]")];
  const choose = (row) => {
    list.querySelector(".chosen")?.classList.remove("chosen");
    row?.classList.add("chosen");
    row?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, button")) return;
    const chosen = list.querySelector(".chosen");
    const place = items().indexOf(chosen);
    if (event.key === "j") choose(items()[place + 1] ?? chosen);
    else if (event.key === "k") choose(items()[Math.max(0, place - 1)]);
    else if (event.key === "Escape") choose(null);
    else if (event.key === "Enter" && chosen) location.href = chosen.dataset.href;
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button, input, [data-copy]") && !String(getSelection())) location.href = row.dataset.href;
  });
}

// One key for one action of a page: "r" opens the refund of the payment that is shown, or of the row that is chosen.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const action = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const chosen = document.querySelector("tr.chosen[data-href^='/payments/']");
  if (action) action.click();
  else if (event.key === "r" && chosen) location.href = chosen.dataset.href + "/refund";
});

// A list of places: typing narrows it, and a place chooses all that stands below it.
const places = document.getElementById("picks");
if (places) {
  const items = [...places.querySelectorAll("li[data-path]")];
  const below = (path) => items.filter((item) => item.dataset.path !== path && item.dataset.path.startsWith(path));
  document.querySelector("[data-filter=picks]").addEventListener("input", (event) => {
    const text = event.target.value.trim().toLowerCase();
    const found = items.filter((item) => item.textContent.toLowerCase().includes(text));
    for (const item of items) {
      // What stands above a place that was found stays, so that people see where it is.
      item.hidden = !found.some((one) => one.dataset.path.startsWith(item.dataset.path)
        || item.dataset.path.startsWith(one.dataset.path) && one.querySelector("[name=place]"));
    }
  });
  places.addEventListener("change", (event) => {
    const item = event.target.closest("li");
    for (const other of below(item.dataset.path)) {
      const box = other.querySelector("input");
      if (!box.disabled) box.checked = event.target.checked;
    }
    // A place of which one store is left out is not whole any more.
    if (!event.target.checked) {
      for (const other of items) {
        if (other !== item && item.dataset.path.startsWith(other.dataset.path)) other.querySelector("input").checked = false;
      }
    }
  });
}

// What goes on by itself is looked at again.
const refreshed = document.querySelector("[data-refresh]");
if (refreshed) {
  setInterval(() => { if (!document.hidden) location.reload(); }, refreshed.dataset.refresh * 1000);
}

// A number, or the address of the page with its filter, goes to the clipboard. Where a browser has none, it is left out.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy-link]")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const source = event.target.closest("[data-copy], [data-copy-link]");
    if (!source || source.classList.contains("list-done")) return;
    const link = "copyLink" in source.dataset;
    await navigator.clipboard.writeText(link ? location.href : source.dataset.copy);
    const text = source.textContent;
    source.classList.add("list-done");
    if (source.dataset.done) source.textContent = source.dataset.done;
    setTimeout(() => { source.classList.remove("list-done"); source.textContent = text; }, 1200);
  });
}
