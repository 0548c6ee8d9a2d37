"""HubCensus: a census of the world's pre-trained models.

    import hubcensus

    census = hubcensus.open("census")
    census.sql("SELECT licence, count(*) FROM mart.model GROUP BY 1 ORDER BY 2 DESC")
    census.analyze("licence").statement

Importing this package is cheap; the warehouse is opened by :func:`open`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubcensus.census import Census

__all__ = ["__version__", "open"]

try:
    __version__ = version("hubcensus")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def open(home: str | PathLike[str] | None = None) -> Census:
    """Open the census under ``home`` (default: ``HUBCENSUS_HOME``, else ``./census``) for reading."""
    from hubcensus.census import Census
    from hubcensus.settings import Settings

    return Census(Settings.load(home))
