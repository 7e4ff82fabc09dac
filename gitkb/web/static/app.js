// What needs a script: results while somebody types, the source of a claim without a new page, keys, progress, answers that come.
// Every one of these works without it, by a link or a form. It loads nothing but pages of this server.
"use strict";

const one = (query, within = document) => within.querySelector(query);

// Search as you type. On a static site the index is files beside the pages.
function liveSearch(input, show) {
  let timer = 0, asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++asked, words = input.value.trim();
      const found = words ? await show.find(words) : null;
      if (mine === asked) show.put(found);
    }, 120);
  });
}

function hitList(input) {
  const form = input.form, list = document.createElement("ol");
  list.className = "found"; list.id = "gk-found"; list.hidden = true;
  list.setAttribute("role", "listbox"); list.setAttribute("aria-label", "Found");
  form.append(list);
  input.setAttribute("role", "combobox"); input.setAttribute("aria-controls", "gk-found"); input.setAttribute("aria-expanded", "false");
  let chosen = -1;
  const open = (is) => { list.hidden = !is; input.setAttribute("aria-expanded", String(is)); if (!is) { chosen = -1; input.removeAttribute("aria-activedescendant"); } };
  const choose = (at) => {
    const items = list.children;
    if (!items.length) return;
    if (items[chosen]) items[chosen].setAttribute("aria-selected", "false");
    chosen = (at + items.length) % items.length;
    items[chosen].setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", items[chosen].id);
    items[chosen].scrollIntoView({ block: "nearest" });
  };
  const put = (found) => {
    list.textContent = ""; chosen = -1;
    (found || []).slice(0, 8).forEach((hit, at) => {
      const item = document.createElement("li"), link = document.createElement("a"), small = document.createElement("small");
      item.id = "gk-hit-" + at; item.setAttribute("role", "option"); item.setAttribute("aria-selected", "false");
      link.href = hit.href; link.textContent = hit.title; link.dir = "auto"; link.tabIndex = -1; small.textContent = hit.note; small.dir = "auto";
      link.append(small); item.append(link); list.append(item);
    });
    open(Boolean(list.children.length));
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Escape") open(false);
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); location.href = one("a", list.children[chosen]).href; }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) open(false); });
  return put;
}

async function served(address, words) {
  const url = new URL(address, location.href);
  url.searchParams.set("q", words); url.searchParams.set("part", "hits");
  const answer = await fetch(url);
  return answer.ok ? await answer.text() : "";
}

function hitsOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return [...page.querySelectorAll(".hits li")].map((item) => ({ href: one("a", item).getAttribute("href"), title: one("a", item).textContent, note: one("p", item).textContent }));
}

const find = one("[data-find]");
if (find) {
  const put = hitList(find), index = find.dataset.site;
  const own = index ? siteSearch(index) : async (words) => hitsOf(await served(find.dataset.find, words));
  liveSearch(find, { find: own, put });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); find.focus(); }
    if (event.key === "Escape") { const close = one("[data-close]"); if (close && !typing) close.click(); }
  });
}

const live = one("[data-live]");
if (live) {
  const box = one("[data-hits]");
  const ask = async () => {
    const data = new FormData(live), url = new URL(live.action);
    for (const [name, value] of data) url.searchParams.set(name, value);
    history.replaceState(null, "", url);
    url.searchParams.set("part", "hits");
    const answer = await fetch(url);
    if (answer.ok) box.innerHTML = await answer.text(); // what the server escaped
  };
  let timer = 0;
  live.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  live.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
}

// A static site: words lead to files of the index by their first letters.
function siteSearch(index) {
  const files = new Map();
  const load = (name) => {
    if (!files.has(name)) files.set(name, fetch(new URL(name, new URL(index, location.href))).then((answer) => (answer.ok ? answer.json() : {}), () => ({})));
    return files.get(name);
  };
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return async (words) => {
    const wanted = fold(words).match(/[\p{L}\p{N}]+/gu) || [];
    const pages = await load("pages.json"), scores = new Map();
    for (const [at, word] of wanted.entries()) {
      const key = [...word].slice(0, 2).map((letter) => letter.codePointAt(0).toString(36)).join("-");
      const shard = await load("w-" + key + ".json"), here = new Map();
      for (const [known, places] of Object.entries(shard)) {
        if (known !== word && !known.startsWith(word)) continue;
        for (let n = 0; n < places.length; n += 2) here.set(places[n], (here.get(places[n]) || 0) + places[n + 1] * (known === word ? 3 : 1));
      }
      for (const [page, score] of here) if (at === 0 || scores.has(page)) scores.set(page, (scores.get(page) || 0) + score);
      for (const page of [...scores.keys()]) if (!here.has(page)) scores.delete(page);
    }
    const best = [...scores].sort((one, other) => other[1] - one[1] || one[0] - other[0]).slice(0, 20);
    const top = new URL("..", new URL(index, location.href));
    return best.map(([page]) => ({ href: new URL(pages[page][0], top).href, title: pages[page][1], note: pages[page][2] }));
  };
}
const siteHits = one("[data-site-hits]");
if (siteHits) {
  const words = new URL(location.href).searchParams.get("q") || "";
  siteSearch(siteHits.dataset.siteHits)(words).then((found) => {
    siteHits.textContent = found.length ? "" : words ? "Nothing is found. Try fewer or other words." : "";
    for (const hit of found) {
      const item = document.createElement("li"), link = document.createElement("a"), note = document.createElement("p");
      link.href = hit.href; link.textContent = hit.title; note.textContent = hit.note; item.append(link, note); siteHits.append(item);
    }
  });
}

// The source of a claim beside the page.
const reader = one("[data-reader]"), pane = one("[data-pane]");
function showMark() {
  const mark = pane && one("#gk-mark", pane);
  const head = pane && one(".pinned", pane), stays = head && getComputedStyle(head).position === "sticky";
  const above = stays ? head.offsetHeight + 16 : 0; // it stays at the top of the pane
  if (mark) pane.scrollTop += mark.getBoundingClientRect().top - pane.getBoundingClientRect().top - Math.max(above, pane.clientHeight / 3);
}
function showLink(link) {
  const top = link.getBoundingClientRect().top, narrow = innerWidth < 900; // there the pane covers the lower part
  if (top < 80 || top > innerHeight * (narrow ? 0.35 : 0.9)) link.scrollIntoView({ block: narrow ? "start" : "center" });
}
async function besides(link) {
  const url = new URL(link.href);
  url.searchParams.set("part", "beside");
  const answer = await fetch(url);
  if (!answer.ok) { location.href = link.href; return; }
  pane.innerHTML = await answer.text(); // what the server sanitised
  pane.hidden = false; reader.classList.add("two");
  for (const each of document.querySelectorAll("[data-beside][aria-current]")) each.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(null, "", link.href);
  pane.scrollTop = 0; showMark(); pane.focus({ preventScroll: true });
  showLink(link);
}
if (reader && pane) {
  showMark();
  const current = one("[data-beside][aria-current]");
  if (current) { showLink(current); showMark(); }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-beside]"), close = event.target.closest("[data-close]");
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link) { event.preventDefault(); besides(link); }
    if (close) {
      event.preventDefault(); pane.hidden = true; reader.classList.remove("two");
      const open = one("[data-beside][aria-current]");
      if (open) { open.removeAttribute("aria-current"); open.focus(); }
      const url = new URL(location.href); url.searchParams.delete("claim"); url.hash = ""; history.replaceState(null, "", url);
    }
  });
}

// A job that runs: its page is asked for again until it ends.
const job = one("[data-job]");
if (job) {
  const again = async () => {
    const answer = await fetch(job.dataset.job);
    if (answer.ok) { job.innerHTML = await answer.text(); if (one("[data-ended]", job)) return; } // what the server escaped
    setTimeout(again, 500);
  };
  if (!one("[data-ended]", job)) setTimeout(again, 500);
}

// An answer while it comes.
const asking = one("[data-ask]");
if (asking) {
  asking.addEventListener("submit", async (event) => {
    event.preventDefault();
    const box = one("[data-answers]"), part = document.createElement("section"), said = document.createElement("p"), text = document.createElement("div");
    said.className = "question"; said.textContent = asking.elements.question.value; said.dir = "auto";
    text.className = "answer wait"; text.setAttribute("aria-live", "polite"); text.dir = "auto"; text.textContent = "Looking";
    part.append(said, text); box.append(part); part.scrollIntoView({ block: "nearest" });
    const answer = await fetch(asking.dataset.ask, { method: "POST", body: new URLSearchParams(new FormData(asking)) });
    if (!answer.ok || !answer.body) { text.textContent = await answer.text(); text.classList.remove("wait"); return; }
    asking.elements.question.value = "";
    const reading = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", began = false;
    for (;;) {
      const { done, value } = await reading.read();
      if (done) break;
      rest += value;
      const lines = rest.split("\n"); rest = lines.pop();
      for (const line of lines) {
        const news = JSON.parse(line);
        if (news.text) { if (!began) { text.textContent = ""; began = true; } text.append(news.text); }
        if (news.step && !began) text.textContent = news.step;
        if (news.html !== undefined) { text.classList.remove("wait"); text.innerHTML = news.html; asking.elements.talk.value = news.talk; } // what the server sanitised
        if (news.error) { text.classList.remove("wait"); text.textContent = news.error; }
      }
    }
  });
}
