-- No model was created after it was first seen (the floor stamp of 2022-03-02 aside).
-- warning
SELECT name, created_at, first_seen FROM core.model WHERE created_at > first_seen + INTERVAL 1 DAY AND created_at >= TIMESTAMP '2022-03-03'
