-- The versions of a model follow one another without gap or overlap.
SELECT model_id, valid_from, valid_to, next_from FROM (
    SELECT model_id, valid_from, valid_to, lead(valid_from) OVER (PARTITION BY model_id ORDER BY valid_from) AS next_from
    FROM core.model_version
) WHERE valid_to IS DISTINCT FROM next_from OR valid_to <= valid_from
