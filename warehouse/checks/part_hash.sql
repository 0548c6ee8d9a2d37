-- A part occurs once.
SELECT path, count(*) AS times FROM raw.part GROUP BY ALL HAVING count(*) > 1
