\set stream random(1, 500)
begin;
select core.set_local('app.tenant_id', current_setting('app.tenant_id'));
select core.append_events('bench', 's' || :stream, null, '[{"type": "scored", "payload": {"by": 7, "at": 61.5}}]');
commit;
