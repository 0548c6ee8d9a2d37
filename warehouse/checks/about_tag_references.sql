-- Every tag of a description exists, and so does the description.
SELECT about_id, tag_id FROM core.about_tag
WHERE tag_id NOT IN (SELECT tag_id FROM core.tag) OR about_id NOT IN (SELECT about_id FROM core.about)
