-- [hub]
SELECT 'toy-zoo' AS hub, 'Toy Zoo' AS title, 'https://toys.example/zoo/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES ('cuddling', 'image-classification')) AS t(word, task);
