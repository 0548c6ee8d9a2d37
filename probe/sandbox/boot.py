"""What a mother process runs first.

Started by path with ``python -I``: neither the environment nor the current folder decides what is imported; the
folders of our packages come as arguments.
"""

from __future__ import annotations

import sys


def start() -> None:
    """``boot.py DESCRIPTOR FOLDER...``"""
    sys.path[:] = [*sys.path[1:], *(path for path in sys.argv[2:] if path not in sys.path)]
    from probe.sandbox.mother import main

    main(int(sys.argv[1]))


if __name__ == "__main__":
    start()
