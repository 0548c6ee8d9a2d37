-- Every model has exactly one open version.
SELECT m.model_id, m.name, count(v.version_id) AS open_versions
FROM core.model m LEFT JOIN core.model_version v ON v.model_id = m.model_id AND v.valid_to IS NULL
GROUP BY ALL HAVING count(v.version_id) <> 1
