-- Contests: leagues and tournaments.
create schema contest;
comment on schema contest is 'Leagues and tournaments: league rules, games, events, results.';

grant usage on schema contest to stanchion_app, stanchion_loader, stanchion_builder, stanchion_analyst;

-- revert: drop schema contest;
