-- A version number occurs once.
SELECT version_id, count(*) AS times FROM core.model_version GROUP BY ALL HAVING count(*) > 1
