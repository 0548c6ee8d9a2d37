"""Downstream: which source files use which models. Nothing here runs what it reads; ``landing`` is all it may import.

From the outside in: ``tree`` (folders, file to file), ``miner`` (one program), ``texts`` (what is no program);
``signatures`` with its table and ``ids`` (what counts, and as which id); ``interpreter``, ``calls``, ``evaluate``,
``builtins_``, ``decorators`` (what expressions stand for), over ``source``, ``scope`` and ``values``.
"""
