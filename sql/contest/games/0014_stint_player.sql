-- Players on the ice in a stint.
create table contest.stint_player (
    tenant_id uuid not null default core.current_tenant(),
    played_on date not null,
    game_key text not null,
    stint_no integer not null,
    side text not null,
    slot text not null,
    jersey text,
    name text,
    person_key text,
    constraint stint_player_pk primary key (tenant_id, played_on, game_key, stint_no, side, slot),
    constraint stint_player_side_known check (side in ('home', 'away')),
    constraint stint_player_slot_known check (slot in ('F1', 'F2', 'F3', 'D1', 'D2', 'G', 'X', 'X2', 'X3'))
) partition by range (played_on);
comment on table contest.stint_player is 'One row per filled slot of a stint of a published game.';
comment on column contest.stint_player.slot is 'Position on the ice; X is the extra attacker; X2 and X3 are players beyond that, as during a change.';

-- revert: drop table contest.stint_player;
