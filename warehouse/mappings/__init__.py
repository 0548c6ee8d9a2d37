"""One SQL file per hub: what the hub sends -> the uniform schema.

A mapping has named sections (``-- [name]``):

fields   a table (field, source, type, expression, needs): what a source may call a field of the hub's
         record, the type it has in JSON, how it is read, and another field that must be there for
         that reading. The first that fits wins; a field that no source has stays unknown.
states   a table (column, field): which field of the record states which column of the uniform schema.
models   SELECT over ``source`` (the record's fields) that gives the columns of ``page``.
tags     SELECT row_id, tag FROM page: the words of a description.
kinds    SELECT tag, kind, value, relation FROM word: what each new word states.
files    SELECT row_id, path, size, sha256 FROM page.
claims   SELECT row_id, ... FROM page: evaluation claims of the front matter.
carbon   SELECT row_id, ... FROM page: carbon claims of the front matter.
"""
