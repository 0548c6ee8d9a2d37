-- Every claim belongs to a front matter.
SELECT front_id FROM core.eval_claim WHERE front_id NOT IN (SELECT front_id FROM core.front)
UNION ALL SELECT front_id FROM core.carbon_claim WHERE front_id NOT IN (SELECT front_id FROM core.front)
