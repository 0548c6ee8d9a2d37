-- A description has a tag once.
SELECT about_id, tag_id, count(*) AS times FROM core.about_tag GROUP BY ALL HAVING count(*) > 1
