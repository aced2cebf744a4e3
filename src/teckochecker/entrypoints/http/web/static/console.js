// The command line at the bottom of the pages: answers are added above it, arrow up recalls, Tab completes.
"use strict";

const COMMANDS = ["help", "jobs", "job ", "check ", "pause ", "resume ", "retry ", "status", "clear"];

const form = document.querySelector(".console form");

if (form) {
  const line = form.querySelector("input[name=cmd]");
  const out = document.querySelector(".console .out");
  const said = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  let place = said.length;

  const show = (html) => {
    out.insertAdjacentHTML("beforeend", html);
    out.hidden = false;
    out.scrollTop = out.scrollHeight;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = line.value.trim();
    if (!typed) return;
    said.push(typed);
    place = said.length;
    sessionStorage.setItem("said", JSON.stringify(said.slice(-100)));
    if (typed === "clear") {
      out.replaceChildren();
      out.hidden = true;
      line.value = "";
      return;
    }
    const body = new URLSearchParams(new FormData(form));
    line.value = "";
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Part": "console" } });
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.text());
    } catch {
      line.value = typed;
      show("<div><pre><em class=\"failed\">✕</em> No answer; what you typed is kept.</pre></div>");
    }
  });

  line.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      place = Math.min(Math.max(place + (event.key === "ArrowUp" ? -1 : 1), 0), said.length);
      line.value = said[place] ?? "";
    } else if (event.key === "Tab" && line.value) {
      const fits = COMMANDS.filter((command) => command.startsWith(line.value));
      if (fits.length) {
        event.preventDefault();
        line.value = fits[0];
      }
    }
  });
}
