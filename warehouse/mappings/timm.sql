-- timm: facts records from its tables of results.

-- [hub]
SELECT 'timm' AS hub, 'timm' AS title, 'https://huggingface.co/timm/' AS url_prefix;
