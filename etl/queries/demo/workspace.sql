-- What a small league does with its workspace.
select
    workspace.subscribe('team'),
    core.add_member('ada@example.org', 'Ada', 'owner'),
    core.add_member('bo@example.org', 'Bo', 'editor'),
    workspace.save_document('Rules of the house', 'Helmets on the ice. The last one out turns off the lights.', '{rules}'),
    workspace.save_dataset('Ice times', 52, 4096);

select used.allowed
from generate_series(1, 20) as n
cross join lateral workspace.record_usage('assistant', 100 + n, 0.00045) as used;
