-- Loads: load batches, files, revisions of games and rejected pieces.
create schema landing;
comment on schema landing is 'Loads as they arrived: files, archived revisions, rejects and schedules.';

grant usage on schema landing to stanchion_loader, stanchion_builder;

-- revert: drop schema landing;
