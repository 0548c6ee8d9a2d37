-- Every observation, reading, issue and finding belongs to a repository.
SELECT repository_id FROM core.repository_state WHERE repository_id NOT IN (SELECT repository_id FROM core.repository)
UNION ALL SELECT repository_id FROM core.repository_code WHERE repository_id NOT IN (SELECT repository_id FROM core.repository)
UNION ALL SELECT repository_id FROM core.repository_issue WHERE repository_id NOT IN (SELECT repository_id FROM core.repository)
UNION ALL SELECT repository_id FROM core.repository_finding WHERE repository_id NOT IN (SELECT repository_id FROM core.repository)
