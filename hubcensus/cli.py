"""The command line: ``hubcensus [--home DIR] VERB ...``.

Every verb is one file in :mod:`hubcensus.verbs` that exports ``command``; the front door finds
it by listing the folder and imports it only when it is asked for, so ``--help`` stays quick.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path

import click

from landing.errors import HubCensusError

VERBS = Path(__file__).parent / "verbs"

FINE, FINDING, ERROR, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(slots=True)
class Context:
    """What every verb gets: where the census lives and how to answer."""

    home: str | None
    json: bool = False
    _settings: object = field(default=None, repr=False)

    @property
    def settings(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - imported late to keep --help quick
        """The settings, read from the environment on first use."""
        if self._settings is None:
            from hubcensus.settings import Settings

            self._settings = Settings.load(self.home)
        return self._settings


class Verbs(click.Group):
    """The verbs, by listing the folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all verbs."""
        return sorted(path.stem.removesuffix("_") for path in VERBS.glob("[a-z]*.py"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one verb; a name that Python reserves carries a trailing underscore in its file name."""
        for module in (name, f"{name}_"):
            if (VERBS / f"{module}.py").is_file():
                from importlib import import_module

                command: click.Command = import_module(f"hubcensus.verbs.{module}").command
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs by the first line of their files, without importing any."""
        rows = [(name, _first_line(name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Verbs"):
                formatter.write_dl(rows)


def _first_line(name: str) -> str:
    path = next(path for path in (VERBS / f"{name}.py", VERBS / f"{name}_.py") if path.is_file())
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.split("\n", 1)[0]


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 fine, 1 a finding or a failed check, 2 an error, 3 finished but partial, 130 interrupted.",
)
@click.option("--home", metavar="DIR", help="The folder of the census (else HUBCENSUS_HOME, else ./census).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else there.")
@click.version_option(package_name="hubcensus")
@click.pass_context
def root(ctx: click.Context, home: str | None, as_json: bool) -> None:
    """A census of the world's pre-trained models: crawl, load, query, analyse, probe."""
    ctx.obj = Context(home, as_json)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; errors are one sentence on stderr."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = root.main(arguments, prog_name="hubcensus", standalone_mode=False)
        return code if isinstance(code, int) else FINE
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("Interrupted; what was landed is kept, run the same command again to go on.")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ERROR
    except HubCensusError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return FINE


def _complain(message: str) -> None:
    from hubcensus.output import inert

    sys.stderr.write(f"hubcensus: {inert(message)}\n")
