"""`python -m teckochecker` is the same as `teckochecker`."""

import sys

from teckochecker.entrypoints.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
