-- Positions of the puck, the net and players during an event.
create table contest.play_point (
    tenant_id uuid not null default core.current_tenant(),
    played_on date not null,
    game_key text not null,
    event_no integer not null,
    kind text not null,
    participant_no integer not null,
    point_no integer not null,
    x real not null,
    y real not null,
    constraint play_point_pk primary key (tenant_id, played_on, game_key, event_no, kind, participant_no, point_no),
    constraint play_point_kind_known check (kind in ('puck', 'net', 'player'))
) partition by range (played_on);
comment on table contest.play_point is 'One row per position on the ice of an event of a published game.';
comment on column contest.play_point.participant_no is 'Participant at the position; -1 for the puck and the net.';
comment on column contest.play_point.x is 'Feet from the centre: -100 to 100; y is from -42.5 to 42.5.';

-- revert: drop table contest.play_point;
