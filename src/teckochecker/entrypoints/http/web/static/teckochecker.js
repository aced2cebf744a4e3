// What the pages add where scripts run: countdowns, copying, and live changes.
// Everything works without it: links and forms are plain, and the server writes every time of day.
"use strict";

const QUIET = 3000; // ms without a connection before the page says so
const SILENT = 45000; // ms without a word from a stream, which says every 15 s that it is alive
const REFUSED = 3000; // ms until a stream that was refused is asked for again
const AGAIN = 1500; // ms from a countdown's zero to the first look at what the check has found
const OVERDUE = 10000; // ms between further looks, where the check does not come

// ---------- times ----------

const pad = (number) => String(number).padStart(2, "0");

function left(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const rest = Date.parse(time.dateTime) - now;
    const text = rest > 0 ? left(rest) : "checking";
    if (time.textContent !== text && !lost) time.textContent = text;
    if (rest < -AGAIN) lookOnce(time.closest("[data-job]"), now);
  }
  if (stream && now - heard > SILENT) startOver();
}

const looked = new Map(); // when each job's row was last looked at because its check is overdue

function lookOnce(row, now) {
  if (!row || now - (looked.get(row.dataset.job) ?? 0) < OVERDUE) return;
  looked.set(row.dataset.job, now);
  look(row);
}

// ---------- parts of the page, replaced by themselves ----------

// what somebody is at: an open menu, what has the focus, and a history that is being read
const busy = (part) =>
  part.matches(":has(.menu[open], :focus), #history:hover") || part.contains(document.activeElement);

// each part as the server wrote it: here countdowns run in it and folds are opened, which is no news
const written = new WeakMap();
for (const part of document.querySelectorAll("[data-part]")) written.set(part, part.innerHTML);

function replace(fresh, flash) {
  const part = fresh.id && document.getElementById(fresh.id);
  const news = fresh.innerHTML;
  if (!part || written.get(part) === news) return;
  const folds = [...fresh.querySelectorAll(".fold")];
  [...part.querySelectorAll(".fold")].forEach((fold, place) => folds[place]?.toggleAttribute("open", fold.open));
  if (busy(part)) {
    part.dataset.stale = "yes"; // taken up again when the menu is closed, or focus and pointer have left
    return;
  }
  const ticked = part.querySelector("input[type=checkbox]:checked");
  part.replaceWith(fresh);
  written.set(fresh, news);
  if (ticked) fresh.querySelector("input[type=checkbox]").checked = true;
  if (flash && fresh.tagName === "TBODY") fresh.classList.add("changed");
}

async function fetchParts(address, flash) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") return location.reload(); // the session has ended
  if (!answer.ok) return;
  const page = document.createElement("template");
  page.innerHTML = await answer.text();
  for (const fresh of [...page.content.querySelectorAll("[data-part]")]) replace(fresh, flash);
  tick(); // the server writes times of day
}

const waiting = new Set(); // ids of jobs that something happened to
let gathering = null;

function look(row) {
  if (row) {
    waiting.add(row.dataset.job);
    if (!gathering) gathering = setTimeout(gather, 200);
  }
}

async function gather() {
  const main = document.getElementById("main");
  const jobs = [...waiting].join(",");
  const quietly = waiting.delete("all");
  waiting.clear();
  try {
    if (main.dataset.live) {
      const joint = main.dataset.live.includes("?") ? "&" : "?";
      await fetchParts(`${main.dataset.live}${joint}parts=${jobs}`, !quietly);
    }
  } catch {
    // the stream tells of a lost connection, and fetches everything after its return
  }
  gathering = setTimeout(() => {
    gathering = null;
    if (waiting.size) gather();
  }, 800);
}

function refreshAll() {
  for (const row of document.querySelectorAll("[data-job]")) waiting.add(row.dataset.job);
  waiting.add("all");
  if (!gathering) gathering = setTimeout(gather, 0);
}

// ---------- the stream ----------

let stream = null;
let heard = 0; // when the stream said something last
let lost = false;
let missed = false; // something may have happened that no stream has told
let silence = null;

function connected() {
  clearTimeout(silence);
  silence = null;
  const was = lost || missed;
  lost = missed = false;
  document.getElementById("lost").hidden = true;
  const sign = document.getElementById("live");
  sign.hidden = false;
  sign.classList.remove("lost");
  sign.textContent = "Live";
  if (was) refreshAll();
}

function disconnected() {
  silence ??= setTimeout(() => {
    lost = true;
    document.getElementById("lost-at").textContent = new Date().toLocaleTimeString([], { hour12: false });
    document.getElementById("lost").hidden = false;
    const sign = document.getElementById("live");
    sign.hidden = false;
    sign.classList.add("lost");
    sign.textContent = "Offline";
  }, QUIET);
}

// A stream that breaks off is taken up again by the browser; one that is refused is not. Whoever starts the service
// anew behind a proxy refuses it for a while, and a session that has ended for good: the page that is fetched tells.
function broken() {
  missed = true;
  disconnected();
  if (stream.readyState !== EventSource.CLOSED) return;
  refreshAll();
  setTimeout(listen, REFUSED);
}

// A network that has gone tells nobody, and a computer that was asleep has heard nothing.
function startOver() {
  if (!stream) return;
  missed = true;
  disconnected();
  listen();
}

function happened(message) {
  heard = Date.now();
  const { job_id: job, kind } = JSON.parse(message.data);
  if (job === null) return refreshAll();
  if (document.querySelector(`[data-job="${job}"]`)) {
    waiting.add(String(job));
    if (!gathering) gathering = setTimeout(gather, 100);
  } else if (kind === "JobCreated") {
    const news = document.getElementById("news");
    if (news) news.hidden = false;
  }
}

function listen() {
  if (!document.getElementById("main")?.dataset.live) return;
  stream?.close();
  stream = new EventSource("/api/events");
  heard = Date.now();
  stream.onopen = connected;
  stream.onerror = broken;
  stream.onmessage = happened;
  stream.addEventListener("alive", () => { heard = Date.now(); });
}

addEventListener("offline", startOver);

// ---------- hands ----------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1200);
  }
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll(".menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const seek = document.querySelector('input[type="search"]');
  if (event.key === "/" && !typing && seek) {
    event.preventDefault();
    seek.focus();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches(".tools select")) event.target.form.requestSubmit();
});

function takeUp() {
  for (const part of document.querySelectorAll("[data-stale]")) {
    if (!busy(part)) {
      delete part.dataset.stale;
      look(part.closest("[data-job]") ?? document.querySelector("[data-job]"));
    }
  }
}
document.addEventListener("focusout", takeUp);
document.addEventListener("pointerover", takeUp);

let judging = null;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (event.target.name !== "batch_ids" || !form?.dataset.verdicts) return;
  clearTimeout(judging);
  judging = setTimeout(async () => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.verdicts, { method: "POST", body });
    if (!answer.ok) return;
    const page = document.createElement("template");
    page.innerHTML = await answer.text();
    replace(page.content.querySelector("[data-part]"), false);
  }, 250);
});

// plain http gives no clipboard, but on the machine itself
document.documentElement.classList.toggle("copies", "clipboard" in navigator);
listen();
tick();
setInterval(tick, 1000);
