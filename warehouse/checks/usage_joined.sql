-- A usage has either a model, with the evidence, or the reason why none is known.
SELECT code_id, path, line, id_as_written FROM core.usage
WHERE (model_id IS NULL) = (why IS NULL) OR (model_id IS NULL) <> (evidence IS NULL)
    OR (model_id IS NOT NULL AND model_id NOT IN (SELECT model_id FROM core.model))
