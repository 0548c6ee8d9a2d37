-- A repository occurs once, by its name and by the forge's own number.
SELECT lower(owner || '/' || name) AS repository, count(*) AS times FROM core.repository GROUP BY 1 HAVING count(*) > 1
UNION ALL SELECT native_id::VARCHAR, count(*) FROM core.repository WHERE native_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1
