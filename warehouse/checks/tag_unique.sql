-- A tag occurs once per hub.
SELECT hub_id, tag, count(*) AS times FROM core.tag GROUP BY ALL HAVING count(*) > 1
