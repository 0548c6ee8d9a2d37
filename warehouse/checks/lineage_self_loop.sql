-- No model is its own base model.
-- warning
SELECT child_id FROM mart.lineage_edge WHERE self_loop
