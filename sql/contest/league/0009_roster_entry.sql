-- Rosters of games, from the published revision.
create table contest.roster_entry (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    side text not null,
    entry_no integer not null,
    jersey text,
    person_key text,
    name text,
    position text,
    constraint roster_entry_pk primary key (tenant_id, game_key, side, entry_no),
    constraint roster_entry_fixture_fk foreign key (tenant_id, game_key)
    references contest.fixture (tenant_id, game_key) on delete cascade,
    constraint roster_entry_side_known check (side in ('home', 'away'))
);
comment on table contest.roster_entry is 'One row per line of a roster of a published game.';
comment on column contest.roster_entry.entry_no is 'Position in the roster of the side, from 0.';

-- revert: drop table contest.roster_entry;
