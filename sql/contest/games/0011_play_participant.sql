-- Participants of events, with their role.
create table contest.play_participant (
    tenant_id uuid not null default core.current_tenant(),
    played_on date not null,
    game_key text not null,
    event_no integer not null,
    participant_no integer not null,
    role text,
    role_no bigint,
    side text,
    jersey text,
    name text,
    person_key text,
    detail1 text,
    detail2 text,
    detail1_raw text,
    detail2_raw text,
    success boolean,
    pressure text,
    side_of_puck text,
    constraint play_participant_pk primary key (tenant_id, played_on, game_key, event_no, participant_no),
    constraint play_participant_role_known check (role in ('event', 'opp')),
    constraint play_participant_side_known check (side in ('home', 'away'))
) partition by range (played_on);
comment on table contest.play_participant is 'One row per participant of an event of a published game.';
comment on column contest.play_participant.side is 'Side of the participant, which may differ from the side of the event; null when unknown.';
comment on column contest.play_participant.person_key is 'Person in the roster with this side and jersey; null when the roster has none.';

-- revert: drop table contest.play_participant;
