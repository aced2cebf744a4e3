"""`python -m tests.soak`: real processes that die or stand still at every step, with everything else that differs."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter

from tests.soak.cells import full
from tests.soak.playing import play


def main() -> int:
    """Play the cells that were asked for, and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Processes that die or stand still.")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose description holds this text")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="play each of them so many times")
    asked = parser.parse_args()
    cells = [cell for cell in full() if asked.only in str(cell)] * asked.times
    begun = time.perf_counter()
    wrong = asyncio.run(play(cells))
    found = Counter(line.partition(":")[0] for line in wrong)
    print(f"{len(cells)} cells, {len(found)} violations, {time.perf_counter() - begun:.0f} s", *wrong, sep="\n")
    for cell in found:
        print(f'Play it again: python -m tests.soak --only "{cell}"')
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
