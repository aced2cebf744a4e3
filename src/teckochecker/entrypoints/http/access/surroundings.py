"""What the rule has to know of where the service runs, and what it comes to in a sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from teckochecker.entrypoints.settings import Settings

_MARKS: Final = (".dockerenv", "run/.containerenv")
_VARIABLES: Final = ("container", "KUBERNETES_SERVICE_HOST")
_GROUPS: Final = re.compile(r"docker|kubepods|containerd|libpod|lxc|machine\.slice")


def in_container(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> bool:
    """Whether Docker, Podman, Kubernetes, LXC or systemd-nspawn have left one of their marks."""
    if any((root / mark).exists() for mark in _MARKS) or any(environ.get(name) for name in _VARIABLES):
        return True
    try:
        return bool(_GROUPS.search((root / "proc/1/cgroup").read_text()))
    except OSError:
        return False


def contained(settings: Settings) -> bool:
    """Whether the service counts as running in a container, by the operator's word or by its marks."""
    told = {"yes": True, "no": False}.get(settings.api_in_container)
    return in_container() if told is None else told


def who_comes_in(settings: Settings) -> str:
    """What the settings mean here for whoever wants to come in."""
    if settings.api_auth == "off":
        return "Nobody is asked for a token (API_AUTH=off)"
    where = ""
    if settings.api_auth == "local":
        if not settings.trusted_proxies and not contained(settings):
            return "Whoever works on this machine is let in without a token; a reverse proxy needs API_AUTH=always"
        place = "behind TRUSTED_PROXIES" if settings.trusted_proxies else "in a container"
        where = f" {place}, where API_AUTH=local lets nobody in"
    return f"Everybody needs a token{where}; make one with: teckochecker token create NAME --role operator"
