-- Every licence word has a meaning.
SELECT DISTINCT value FROM core.tag WHERE kind = 'licence' AND lower(value) NOT IN (SELECT raw FROM core.licence)
