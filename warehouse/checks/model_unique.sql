-- A model id occurs once per hub.
SELECT hub_id, name, count(*) AS times FROM core.model GROUP BY ALL HAVING count(*) > 1
