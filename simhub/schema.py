"""Tables of a simulated hub's store: one SQLite file, served from flat memory.

Serving: `state` (narrow, one row per model present) and `doc` (the bulky JSON pieces of its record).
Truth: `version` (validity ranges in days, `valid_to` exclusive, null while it holds) with `edge`,
`claim` and `carbon` hanging on it, `metric` (one row per day a counter changed), `alias` (renames),
`removal`, `commit_made`, `moved` and `bad`. See `simhub.truth` for what each column means.
"""

from __future__ import annotations

from simhub.pieces import RARE

_RARE = ", ".join(f'"{key}" TEXT' for key in RARE)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS state(
  ordinal INTEGER PRIMARY KEY, vid INTEGER, head TEXT, id TEXT, owner TEXT, sha TEXT,
  created_at TEXT, last_modified TEXT, downloads INTEGER, likes INTEGER, all_time INTEGER,
  trending INTEGER, gated TEXT, private INTEGER, disabled INTEGER, task TEXT, library TEXT);
CREATE TABLE IF NOT EXISTS doc(
  ordinal INTEGER PRIMARY KEY, base TEXT, tags TEXT, whole TEXT, siblings TEXT, card TEXT, config TEXT,
  {_RARE}, others TEXT);
CREATE TABLE IF NOT EXISTS version(
  vid INTEGER PRIMARY KEY, ordinal INTEGER, valid_from INTEGER, valid_to INTEGER, id TEXT, sha TEXT,
  last_modified TEXT, private INTEGER, gated TEXT, disabled INTEGER, task TEXT, library TEXT,
  licence TEXT, card_kind TEXT, facts TEXT);
CREATE TABLE IF NOT EXISTS edge(vid INTEGER, parent TEXT, relation TEXT, self_loop INTEGER);
CREATE TABLE IF NOT EXISTS claim(
  vid INTEGER, task TEXT, dataset TEXT, dataset_name TEXT, config TEXT, split TEXT, metric TEXT,
  metric_name TEXT, value_raw TEXT, value REAL, verified INTEGER);
CREATE TABLE IF NOT EXISTS carbon(vid INTEGER, raw TEXT, grams REAL);
CREATE TABLE IF NOT EXISTS metric(
  day INTEGER, ordinal INTEGER, downloads INTEGER, likes INTEGER, PRIMARY KEY(day, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias(old_id TEXT PRIMARY KEY, ordinal INTEGER, day INTEGER, new_id TEXT);
CREATE TABLE IF NOT EXISTS removal(day INTEGER, ordinal INTEGER, id TEXT);
CREATE TABLE IF NOT EXISTS commit_made(ordinal INTEGER, number INTEGER, day INTEGER, date TEXT, title TEXT);
CREATE TABLE IF NOT EXISTS moved(day INTEGER, ordinal INTEGER, sort TEXT);
CREATE TABLE IF NOT EXISTS bad(number INTEGER PRIMARY KEY, kind TEXT, anchor INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS card_text(id TEXT PRIMARY KEY, body BLOB);
"""

#: Made after a bulk build, when each costs one sorted pass.
LOOKUPS = """
CREATE INDEX IF NOT EXISTS state_id ON state(id);
CREATE INDEX IF NOT EXISTS version_ordinal ON version(ordinal);
CREATE INDEX IF NOT EXISTS edge_vid ON edge(vid);
CREATE INDEX IF NOT EXISTS claim_vid ON claim(vid);
CREATE INDEX IF NOT EXISTS carbon_vid ON carbon(vid);
CREATE INDEX IF NOT EXISTS commit_ordinal ON commit_made(ordinal);
"""
