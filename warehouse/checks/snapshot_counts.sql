-- A snapshot counts the models that it has seen.
SELECT s.snapshot_id, s.records, m.seen FROM core.snapshot s
LEFT JOIN (SELECT snapshot_id, count(*) AS seen FROM core.metric GROUP BY 1) m USING (snapshot_id)
WHERE s.records <> coalesce(m.seen, 0)
