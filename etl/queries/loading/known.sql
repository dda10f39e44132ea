-- Files that were read before, by fingerprint, and what is archived of them: nothing has to be done about those.
select distinct f.fingerprint
from landing.file as f
join landing.revision as r
    on r.tenant_id = f.tenant_id and r.game_key = f.game_key and r.content_hash = f.content_hash
where
    f.tenant_id = %(tenant)s
    and f.fingerprint = any(%(fingerprints)s)
    and r.state <> 'quarantined'
