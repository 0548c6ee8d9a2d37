-- Only an organisation that was found is verified, and counts are not negative.
SELECT owner_id, state, kind, verified FROM core.owner_state
WHERE (state <> 'found' AND kind IS NOT NULL) OR (verified IS NOT NULL AND kind <> 'organisation')
    OR state NOT IN ('found', 'gone', 'refused') OR followers < 0 OR members < 0 OR models < 0
