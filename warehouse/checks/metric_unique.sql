-- A model has one row of counters per snapshot.
SELECT snapshot_id, model_id, count(*) AS times FROM core.metric GROUP BY ALL HAVING count(*) > 1
