-- Every value of a card belongs to a reading, and its place in the text is a place.
SELECT reading_id, ordinal, field FROM core.card_value
WHERE reading_id NOT IN (SELECT reading_id FROM core.card_reading) OR start > "end"
