"""Every setting of HubCensus, in one place; nothing else reads the environment.

Alphabetic. Each is read from ``HUBCENSUS_<NAME>`` when the program starts, not at import.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the census lives and what it may use."""

    model_config = SettingsConfigDict(env_prefix="HUBCENSUS_", extra="ignore")

    contact: str = Field("", description="A mail address or URL that goes into the User-Agent.")
    github_token: SecretStr | None = Field(None, validation_alias=AliasChoices("GITHUB_TOKEN", "GH_TOKEN"))
    hf_endpoint: str = Field("https://huggingface.co", validation_alias="HF_ENDPOINT")
    hf_token: SecretStr | None = Field(None, validation_alias="HF_TOKEN")
    home: Path = Field(Path("census"), description="The folder of the census.")
    ledger_url: str = Field("", description="A database for the ledger, such as PostgreSQL; else SQLite in the home.")
    memory_limit: str = Field("1GB", description="What DuckDB may use while loading, e.g. 2GB.")
    threads: int = Field(0, ge=0, description="Threads for DuckDB; 0 means half of the cores to load, all to read.")
    timeout: float = Field(30.0, gt=0, description="Seconds until a silent server counts as gone.")

    @classmethod
    def load(cls, home: str | PathLike[str] | None = None) -> Settings:
        """Read the environment; ``home`` given by the caller wins."""
        settings = cls()
        return settings if home is None else settings.model_copy(update={"home": Path(home)})

    @property
    def landing(self) -> Path:
        """The landing zone."""
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        """The published, read-only warehouse."""
        return self.home / "warehouse.duckdb"

    @property
    def report(self) -> Path:
        """The folder of the HTML report."""
        return self.home / "report"

    @property
    def models(self) -> Path:
        """The cache of checkpoints that the probe fetches."""
        return self.home / "models"

    @property
    def ledger(self) -> Path:
        """The operational ledger (SQLite unless configured otherwise)."""
        return self.home / "ledger.db"
