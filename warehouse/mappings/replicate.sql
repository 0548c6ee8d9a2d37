-- Replicate: facts records from a public list of its models.

-- [hub]
SELECT 'replicate' AS hub, 'Replicate' AS title, 'https://replicate.com/' AS url_prefix;
