"""``python -m hubcensus``."""

from hubcensus.cli import main

main()
