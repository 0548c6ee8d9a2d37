-- Of the readings of a card by one method exactly one counts.
SELECT sha256, method, count(*) FILTER (newest) AS newest FROM core.card_reading GROUP BY ALL HAVING count(*) FILTER (newest) <> 1
