-- An owner occurs once per hub.
SELECT hub_id, owner, count(*) AS times FROM core.owner GROUP BY ALL HAVING count(*) > 1
