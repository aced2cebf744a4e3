// The command line at the bottom of the pages: answers are added above it, the arrow keys recall, Tab completes.
"use strict";

const KEPT = 100; // lines that the arrow keys recall

const form = document.querySelector(".console form");

if (form) {
  const line = form.querySelector("input[name=cmd]");
  const out = document.querySelector(".console .out");
  const commands = line.dataset.commands.split(" ");
  const numbered = line.dataset.numbered.split(" ");
  const said = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  let place = said.length;
  let offers = null; // what Tab has still to offer for what was typed
  let cleared = 0; // how often; an answer to what was asked before comes too late

  function show(answer) {
    out.append(answer);
    out.hidden = false;
    out.scrollTop = out.scrollHeight;
  }

  function clear() {
    cleared += 1;
    out.replaceChildren();
    out.hidden = true;
  }

  function remember(typed) {
    if (said.at(-1) !== typed) said.push(typed);
    place = said.length;
    sessionStorage.setItem("said", JSON.stringify(said.slice(-KEPT)));
  }

  function refused(reason) {
    const answer = document.createElement("pre");
    const sign = document.createElement("em");
    sign.className = "failed";
    sign.textContent = "✕ ";
    answer.append(sign, reason);
    return answer;
  }

  // What the service said instead of an answer: a problem, as JSON from its gate and as a page from behind it.
  async function reason(answer) {
    if (answer.headers.get("Content-Type").includes("json")) return (await answer.json()).detail;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("main .lede").firstChild.textContent.trim();
  }

  async function ask(typed) {
    const body = new URLSearchParams(new FormData(form));
    const before = cleared;
    line.value = "";
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, headers: { "X-Part": "console" }, redirect: "manual",
      });
      if (answer.type === "opaqueredirect") return location.reload(); // the session has ended
      if (!answer.ok) throw new Error(await reason(answer));
      const lines = document.createRange().createContextualFragment(await answer.text());
      if (before === cleared) show(lines);
    } catch (error) {
      line.value = typed;
      show(refused(error instanceof TypeError ? "No answer; what you typed is kept." : error.message));
    }
  }

  function recall(step) {
    place = Math.min(Math.max(place + step, 0), said.length);
    line.value = said[place] ?? "";
  }

  function completions(typed) {
    const [name, number] = typed.split(" ");
    if (number === undefined) {
      const fits = commands.filter((command) => name && command.startsWith(name));
      return fits.map((command) => (numbered.includes(command) ? `${command} ` : command));
    }
    const jobs = [...document.querySelectorAll("[data-job]")].map((part) => part.dataset.job);
    const fits = [...new Set(jobs)].filter((job) => job.startsWith(number));
    return numbered.includes(name) ? fits.map((job) => `${name} ${job}`) : [];
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = line.value.trim();
    if (!typed) return;
    remember(typed);
    if (typed === "clear") {
      clear();
      line.value = "";
    } else ask(typed);
  });

  line.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      recall(event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key === "Tab" && !event.shiftKey) {
      offers ??= completions(line.value).filter((offer) => offer !== line.value);
      const offer = offers.shift();
      if (offer === undefined) offers = null; // nothing more to offer: the key moves the focus on, as everywhere
      else {
        event.preventDefault();
        line.value = offer;
      }
      return;
    }
    offers = null;
  });
}
