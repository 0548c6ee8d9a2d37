-- Every base model is a model of the hub.
-- warning
SELECT child_id, parent_id FROM mart.lineage_edge WHERE NOT resolved AND resolved_id IS NULL
