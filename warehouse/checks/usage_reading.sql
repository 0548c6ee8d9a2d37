-- Every usage, package and licence belongs to a reading of a repository.
SELECT code_id FROM core.usage WHERE code_id NOT IN (SELECT code_id FROM core.repository_code)
UNION ALL SELECT code_id FROM core.dependency WHERE code_id NOT IN (SELECT code_id FROM core.repository_code)
UNION ALL SELECT code_id FROM core.repository_licence WHERE code_id NOT IN (SELECT code_id FROM core.repository_code)
