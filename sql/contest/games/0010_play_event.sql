-- Events of games: one row per event of the published revision, partitioned by game day.
--
-- There is no foreign key to the fixture, which would cost more than the rest of the insert: one transaction writes both.
create table contest.play_event (
    tenant_id uuid not null default core.current_tenant(),
    played_on date not null,
    game_key text not null,
    event_no integer not null,
    source_idx bigint,
    period integer not null,
    type text not null,
    detail1 text,
    detail2 text,
    type_raw text not null,
    detail1_raw text,
    detail2_raw text,
    side text,
    zone text,
    success boolean,
    minutes integer,
    gives_power_play boolean,
    strength text,
    is_empty_net boolean,
    start_s numeric,
    end_s numeric,
    linked_group bigint,
    assist_to integer,
    sequence_no bigint,
    play_no bigint,
    is_highlight boolean not null,
    constraint play_event_pk primary key (tenant_id, played_on, game_key, event_no),
    constraint play_event_side_known check (side in ('home', 'away')),
    constraint play_event_zone_known check (zone in ('o', 'd', 'n')),
    constraint play_event_strength_known check (strength in ('even', 'power_play', 'short_handed'))
) partition by range (played_on);
comment on table contest.play_event is 'One row per event of a published game.';
comment on column contest.play_event.event_no is 'Position of the event in the document, from 0.';
comment on column contest.play_event.type is 'Type in canonical spelling; type_raw has the spelling of the source.';
comment on column contest.play_event.side is 'Side of the event; null when unknown.';
comment on column contest.play_event.minutes is 'Minutes of a penalty, from the source; null when the source has only the class, in detail1.';
comment on column contest.play_event.gives_power_play is 'True when a penalty gives the other side a power play; null when the source does not record it.';
comment on column contest.play_event.strength is 'Strength of the side of the event, without its extra attacker, from the source; null when the source does not record it.';
comment on column contest.play_event.is_empty_net is 'True when the net of the other side was empty; null when the source does not record it.';
comment on column contest.play_event.start_s is 'Seconds left on the clock at the start of the event.';
comment on column contest.play_event.linked_group is 'Number that events which belong together share.';
comment on column contest.play_event.assist_to is 'event_no of the goal of these assists.';

-- revert: drop table contest.play_event;
