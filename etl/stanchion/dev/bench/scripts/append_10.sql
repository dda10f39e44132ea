\set stream random(1, 10)
select core.append_events('bench', 's' || :stream, null, '[{"type": "scored", "payload": {"by": 7, "at": 61.5}}]');
