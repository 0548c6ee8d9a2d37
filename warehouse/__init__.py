"""The warehouse: landing zone in, one DuckDB file out.

The file is a pure function of the landing zone: ``load`` adds the runs it does not have yet,
``rebuild`` makes it again from nothing, and both give the same tables. It is built beside
and published by an atomic replace, so readers are never blocked and never see half of it.

    database.py   opening: builder, reader, publishing
    reader.py     the reading door: all that analyses, notebooks and `sql` ever see
    mapping.py    reads mappings/<hub>.sql: a hub's payload -> the uniform schema
    pages.py      landed pages -> one staged table, with quarantine
    history.py    the staged table -> identity, versions, metrics, descriptions, files
    descriptions.py  tags, front matter, file lists that changed
    details.py    cards, file trees, commits, discussions, headers
    aliases.py    renames
    load.py       load and rebuild
    check.py      queries that must return no rows
    export.py     Parquet, CSV, ...

This package imports ``landing`` and no other room, and never speaks HTTP.
"""
