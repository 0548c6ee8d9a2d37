-- No single model holds more than a tenth of all downloads.
-- warning
SELECT model_id, downloads FROM mart.model
WHERE NOT removed AND downloads > 1000 AND downloads > 0.1 * (SELECT sum(downloads) FROM mart.model WHERE NOT removed)
