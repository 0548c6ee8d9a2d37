"""The verbs of the command line: one file each, exporting ``command``.

A verb is a ``click.Command``. It takes the :class:`hubcensus.cli.Context` with
``@click.pass_obj``, imports what it needs inside its function, prints data with
:mod:`hubcensus.output` and returns its exit code (0 when it returns nothing). The first line of
the file is the verb's line in ``hubcensus --help``.
"""
