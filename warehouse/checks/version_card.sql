-- Every card that a version points to exists.
SELECT version_id, card_id FROM core.model_version WHERE card_id IS NOT NULL AND card_id NOT IN (SELECT card_id FROM core.card)
