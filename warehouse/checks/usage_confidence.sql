-- A confidence lies between 0 and 1, and a line is counted from 1.
SELECT code_id, path, line, confidence FROM core.usage WHERE confidence NOT BETWEEN 0 AND 1 OR line < 1 OR cell < 0
