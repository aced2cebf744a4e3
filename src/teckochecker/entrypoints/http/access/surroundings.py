"""Whether this process runs in a container, where a published port can make the outside look like this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

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
