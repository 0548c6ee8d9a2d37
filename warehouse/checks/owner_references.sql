-- Every answer about an owner belongs to an owner, every verdict of the hub's scanners to a model.
SELECT owner_id AS id, 'owner' AS of FROM core.owner_state WHERE owner_id NOT IN (SELECT owner_id FROM core.owner)
UNION ALL SELECT model_id, 'model' FROM core.hub_scan WHERE model_id NOT IN (SELECT model_id FROM core.model)
