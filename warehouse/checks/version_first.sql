-- A model's first version begins when it was first seen.
SELECT model_id, first_seen, valid_from FROM (
    SELECT v.model_id, m.first_seen, min(v.valid_from) AS valid_from
    FROM core.model_version v JOIN core.model m ON m.model_id = v.model_id GROUP BY ALL
) WHERE valid_from <> first_seen
