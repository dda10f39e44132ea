-- What arrives: load batches, files, the revisions of games and what was rejected of them.
create schema landing;
comment on schema landing is 'What arrived, as it arrived: loads, files, archived revisions, rejects, schedules.';

grant usage on schema landing to stanchion_loader, stanchion_builder;

-- revert: drop schema landing;
