-- ModelZoo.co: one list of everything, and a page for each model that repeats the list's fields and adds papers and
-- the long description. Stars are those of the repository that an entry links to. Categories and links are described
-- together with papers, so they are read from the model's page: from the list they would lack what the page adds.

-- [hub]
SELECT 'modelzoo-co' AS hub, 'ModelZoo.co' AS title, 'https://modelzoo.co/model/' AS url_prefix;

-- [tasks]
-- The hub names areas; only where an area is a task is it one here.
SELECT * FROM (VALUES
    ('reinforcement learning', 'reinforcement-learning'),
    ('graph', 'graph-ml')
) AS t(word, task);

-- [fields]
SELECT * FROM (VALUES
    ('id', 'slug', 'VARCHAR', 'CASE WHEN regexp_matches(slug, ''^[\w-][\w.-]*$'') THEN slug END', NULL),
    ('id', '_key', 'VARCHAR', '_key', NULL),
    ('description', 'description', 'VARCHAR', 'description', NULL),
    ('task', 'categories', 'STRUCT(title VARCHAR)[]', 'categories[1].title', NULL),
    ('tags', 'categories', 'STRUCT(title VARCHAR)[]', 'list_transform(coalesce(categories, []), lambda c: c.title)', 'papers'),
    ('library', 'framework', 'VARCHAR', 'framework', NULL),
    ('likes', 'stars', 'DOUBLE', 'stars', NULL),
    ('links', 'link', 'VARCHAR', 'CASE WHEN regexp_matches(link, ''^https?://'') THEN [{''kind'':
        CASE WHEN contains(link, ''github.com/'') THEN ''repository'' ELSE ''homepage'' END, ''url'': link}] ELSE [] END', 'papers'),
    ('arxiv', 'papers', 'JSON', 'list_distinct(regexp_extract_all(coalesce(papers::VARCHAR, ''''),
        ''arxiv\.org/(?:abs|pdf)/([0-9]{4}\.[0-9]{4,5})'', 1))', NULL),
    ('papers', 'papers', 'JSON', 'list_filter(list_transform(coalesce(json_extract(papers, ''$.*''), []), lambda p: p->>''$''),
        lambda p: regexp_matches(p, ''^https?://'') AND NOT contains(p, ''arxiv.org/''))', NULL),
    ('card', 'long_desc', 'VARCHAR', 'nullif(long_desc, '''')', NULL)
) AS t(field, source, type, expression, needs);
