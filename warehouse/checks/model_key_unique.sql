-- A model number occurs once.
SELECT model_id, count(*) AS times FROM core.model GROUP BY ALL HAVING count(*) > 1
