// The server writes every time of day in the zone that a cookie tells it. Where that is not the viewer's own,
// the page is asked for once more, before any of it is seen.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const told = `zone=${encodeURIComponent(zone)}`;
const known = () => document.cookie.split("; ").includes(told);

if (zone && zone !== document.currentScript.dataset.written && !known()) {
  document.cookie = `${told}; path=/web; max-age=31536000; samesite=strict`;
  if (known()) {
    document.documentElement.hidden = true;
    location.reload();
  }
}
