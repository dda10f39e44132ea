-- name: sources
-- The rows that the marts read, of one tenant.
create table game (
    game_key varchar, played_on date, season_key varchar, game_type varchar, home_team_key varchar, away_team_key varchar,
    official_home integer, official_away integer, period_seconds json, penalty_minutes json, lacks json
);
create table play_event (
    game_key varchar, event_no integer, period integer, remaining_s decimal(8, 3), type varchar, detail1 varchar,
    detail2 varchar, side varchar, zone varchar, is_success boolean, minutes integer, gives_power_play boolean,
    strength varchar, is_empty_net boolean, linked_group bigint, assist_to integer, sequence_no bigint, play_no bigint,
    is_highlight boolean
);
create table play_participant (
    game_key varchar, event_no integer, participant_no integer, role varchar, role_no bigint, side varchar,
    player_key varchar, person_key varchar, detail1 varchar, detail2 varchar
);
create table stint (
    game_key varchar, stint_no integer, period integer, start_s decimal(8, 3), end_s decimal(8, 3), stoppage_s decimal(8, 3)
);
create table stint_player (
    game_key varchar, stint_no integer, side varchar, slot varchar, player_key varchar, person_key varchar
);
create table roster_entry (
    game_key varchar, side varchar, entry_no integer, player_key varchar, person_key varchar, person_name varchar,
    position varchar
);

-- name: macros
-- Definitions that several facts share.
create macro team_of(side, home_team_key, away_team_key) as
case side when 'home' then home_team_key when 'away' then away_team_key end;
create macro other_side(side) as case side when 'home' then 'away' else 'home' end;
create macro is_recorded(lacks, what) as not json_contains(lacks, '"' || what || '"');
create macro share(part, whole) as round(part::decimal(18, 6) / nullif(whole, 0), 4)::double;

-- name: fact_event
create table fact_event as
with

period as (
    select
        game_key, n as period, seconds,
        sum(seconds) over (partition by game_key order by n) - seconds as before_s
    from (
        select
            game_key, n,
            coalesce(period_seconds ->> n::varchar, period_seconds ->> 'OT')::integer as seconds
        from game
        cross join range(1, 31) as numbers (n)
    )
),

actor as (
    select *
    from play_participant
    where role_no = 1
    qualify row_number() over (partition by game_key, event_no, role order by participant_no) = 1
),

acted as (
    select
        play.*,
        play.side is not null and play.type = 'Goal' and coalesce(play.detail1 = 'Goal_Scored', false) as is_goal_entry,
        play.side is not null and play.type = 'Shot' and coalesce(play.detail1 like '%Goal', false) as is_goal_shot,
        play.side is not null and play.type = 'Shot' and coalesce(play.detail1 like '%OnNet%', false) as is_on_net,
        play.side is not null and play.type = 'Shot' and coalesce(play.detail1 like '%Blocked%', false) as is_blocked,
        play.side is not null and play.type = 'Shot'
        and coalesce(play.detail1 like '%Missed%' or play.detail1 like '%HitPost%', false) as is_missed,
        case when play.side is not null then coalesce(actor.side, play.side) end as credited_side,
        case when play.side is not null then actor.player_key end as player_key,
        actor.person_key,
        opponent.side as opponent_side,
        opponent.player_key as opponent_key,
        opponent.person_key as opponent_person_key,
        (period.before_s + period.seconds - play.remaining_s)::decimal(9, 3) as elapsed_s
    from play_event as play
    left join actor on actor.game_key = play.game_key and actor.event_no = play.event_no and actor.role = 'event'
    left join actor as opponent
        on opponent.game_key = play.game_key and opponent.event_no = play.event_no and opponent.role = 'opp'
    left join period on period.game_key = play.game_key and period.period = play.period
),

counted as (
    select
        *,
        is_goal_entry and (
            remaining_s is null
            or row_number() over (
                partition by game_key, is_goal_entry, period, remaining_s, credited_side, player_key order by event_no
            ) = 1
        ) as is_goal
    from acted
),

goal_shot as (
    select game_key, period, remaining_s, side, count(*) as shots
    from counted
    where is_goal_shot
    group by all
),

goal as (
    select
        goal.game_key, goal.event_no,
        row_number() over (
            partition by goal.game_key, goal.period, goal.remaining_s, goal.credited_side order by goal.event_no
        ) > coalesce(goal_shot.shots, 0) as adds_shot
    from counted as goal
    left join goal_shot
        on
            goal_shot.game_key = goal.game_key
            and goal_shot.period = goal.period
            and goal_shot.side = goal.credited_side
            and goal_shot.remaining_s is not distinct from goal.remaining_s
    where goal.is_goal
),

scored as (
    select
        counted.*,
        coalesce(goal.adds_shot, false) as adds_shot,
        count(*) filter (where counted.is_goal and counted.credited_side = 'home') over game_to_here as home_score,
        count(*) filter (where counted.is_goal and counted.credited_side = 'away') over game_to_here as away_score
    from counted
    left join goal on goal.game_key = counted.game_key and goal.event_no = counted.event_no
    window game_to_here as (
        partition by counted.game_key order by counted.period, counted.remaining_s desc nulls last, counted.event_no
    )
)

select
    game.game_key, event_no, game.played_on, game.season_key, period, remaining_s, elapsed_s, type, detail1, detail2, side,
    team_of(side, home_team_key, away_team_key) as team_key,
    zone, is_success, minutes, gives_power_play, strength, is_empty_net, credited_side, player_key,
    case when player_key is not null
        then coalesce(person_key, team_of(credited_side, home_team_key, away_team_key) || '#' || player_key)
    end as person_key,
    case when opponent_key is not null
        then coalesce(opponent_person_key, team_of(opponent_side, home_team_key, away_team_key) || '#' || opponent_key)
    end as opponent_person_key,
    type = 'Shot' and side is not null or adds_shot as is_shot,
    is_goal_shot or is_on_net or adds_shot as is_on_goal,
    is_blocked, is_missed, is_goal, adds_shot, home_score, away_score, linked_group, assist_to, sequence_no, play_no,
    is_highlight
from scored
join game on game.game_key = scored.game_key;

-- name: fact_stint
create table fact_stint as
with

on_ice as (
    select
        game_key, stint_no,
        count(distinct player_key) filter (where side = 'home')::integer as home_players,
        count(distinct player_key) filter (where side = 'away')::integer as away_players,
        max(player_key) filter (where side = 'home' and slot = 'G') as home_goalie_key,
        max(player_key) filter (where side = 'away' and slot = 'G') as away_goalie_key
    from stint_player
    group by all
),

score as (
    select
        stint.game_key, stint.stint_no,
        count(*) filter (where goal.credited_side = 'home') as home_score,
        count(*) filter (where goal.credited_side = 'away') as away_score
    from stint
    left join fact_event as goal
        on
            goal.game_key = stint.game_key
            and goal.is_goal
            and (goal.period < stint.period or goal.period = stint.period and goal.remaining_s >= stint.start_s)
    group by all
)

select
    stint.game_key, stint.stint_no, game.played_on, game.season_key, stint.period, stint.start_s, stint.end_s,
    round_even(stint.start_s - stint.end_s, 0)::integer as seconds,
    greatest(0, seconds - greatest(0, coalesce(stint.stoppage_s, 0)))::decimal(9, 3) as net_seconds,
    case when is_recorded(lacks, 'on_ice') then on_ice.home_players end as home_players,
    case when is_recorded(lacks, 'on_ice') then on_ice.away_players end as away_players,
    home_goalie_key, away_goalie_key,
    case when is_recorded(lacks, 'on_ice') then on_ice.home_players - (home_goalie_key is not null)::integer end as home_skaters,
    case when is_recorded(lacks, 'on_ice') then on_ice.away_players - (away_goalie_key is not null)::integer end as away_skaters,
    home_skaters || 'v' || away_skaters as strength,
    home_score, away_score
from stint
join game on game.game_key = stint.game_key
join on_ice on on_ice.game_key = stint.game_key and on_ice.stint_no = stint.stint_no
join score on score.game_key = stint.game_key and score.stint_no = stint.stint_no;

-- name: fact_player_stint
create table fact_player_stint as
with

player as (
    select
        game_key, stint_no, side, player_key,
        max(person_key) as person_key,
        bool_or(slot = 'G') as is_goalie
    from stint_player
    group by all
)

select
    player.game_key, player.stint_no, player.side, player.player_key,
    coalesce(player.person_key, team_of(player.side, home_team_key, away_team_key) || '#' || player.player_key) as person_key,
    team_of(player.side, home_team_key, away_team_key) as team_key,
    game.played_on, game.season_key, stint.period, player.is_goalie, stint.seconds, stint.net_seconds,
    coalesce(
        lag(player.stint_no) over shifts <> player.stint_no - 1 or lag(stint.period) over shifts <> stint.period, true
    ) as is_new_shift
from player
join game on game.game_key = player.game_key
join fact_stint as stint on stint.game_key = player.game_key and stint.stint_no = player.stint_no
window shifts as (partition by player.game_key, player.side, player.player_key order by player.stint_no);

-- name: fact_shot_attempt
create table fact_shot_attempt as
with

attempt as (
    select * from fact_event where is_goal or is_shot
),

placed as (
    select attempt.game_key, attempt.event_no, stint.*  exclude (game_key, period)
    from attempt
    join fact_stint as stint
        on
            stint.game_key = attempt.game_key
            and stint.period = attempt.period
            and (
                stint.start_s > attempt.remaining_s and attempt.remaining_s >= stint.end_s
                or stint.start_s = attempt.remaining_s
            )
    qualify row_number() over (
        partition by attempt.game_key, attempt.event_no order by stint.start_s > attempt.remaining_s desc, stint.stint_no
    ) = 1
),

beaten as (
    select game_key, event_no, max(player_key) as player_key
    from play_participant
    where detail1 = 'GoalAgainst'
    group by all
),

facing as (
    select
        attempt.*,
        placed.stint_no,
        beaten.player_key as beaten_goalie_key,
        case credited_side when 'home' then home_players else away_players end as for_players,
        case credited_side when 'home' then away_players else home_players end as against_players,
        case credited_side when 'home' then away_goalie_key else home_goalie_key end as against_goalie_key
    from attempt
    left join placed on placed.game_key = attempt.game_key and placed.event_no = attempt.event_no
    left join beaten on beaten.game_key = attempt.game_key and beaten.event_no = attempt.event_no
)

select
    facing.game_key, event_no, period, remaining_s, credited_side as side, player_key, is_goal,
    is_on_goal::integer + is_blocked::integer + is_missed::integer as corsi,
    stint_no,
    case when is_goal and is_recorded(lacks, 'strength')
        then coalesce(strength = 'power_play', for_players > against_players)
    end as is_power_play,
    case when is_goal and is_recorded(lacks, 'strength')
        then coalesce(strength = 'short_handed', for_players < against_players)
    end as is_short_handed,
    case when is_goal then coalesce(
        is_empty_net, case when is_recorded(lacks, 'goalies') and stint_no is not null then against_goalie_key is null end
    ) end as is_empty_net,
    is_goal and coalesce(detail2 = 'Goal_PenaltyShot', false) as is_penalty_shot,
    beaten_goalie_key
from facing
join game on game.game_key = facing.game_key;

-- name: fact_assist
create table fact_assist as
with

goal as (
    select game_key, event_no, side, period, remaining_s from fact_shot_attempt where is_goal
),

mark as (
    select
        participant.*,
        concat_ws(' ', participant.detail1, participant.detail2) like '%AssistPrimary%' as is_primary,
        event.period, event.remaining_s, event.assist_to
    from play_participant as participant
    join fact_event as event
        on event.game_key = participant.game_key and event.event_no = participant.event_no and event.side is not null
    where regexp_matches(concat_ws(' ', participant.detail1, participant.detail2), 'Assist(Primary|Secondary)')
),

reached as (
    select
        mark.*,
        coalesce(named.event_no, following.event_no) as goal_event_no,
        named.event_no is not null as is_linked
    from mark
    left join goal as named on named.game_key = mark.game_key and named.event_no = mark.assist_to
    left join goal as following
        on
            named.event_no is null
            and following.game_key = mark.game_key
            and following.side = mark.side
            and following.period = mark.period
            and following.event_no >= mark.event_no
            and mark.remaining_s - following.remaining_s between 0 and 30
    where coalesce(named.event_no, following.event_no) is not null
    qualify row_number() over (
        partition by mark.game_key, mark.event_no, mark.participant_no order by following.event_no
    ) = 1
)

select
    reached.game_key, goal_event_no, side, player_key,
    coalesce(person_key, team_of(side, home_team_key, away_team_key) || '#' || player_key) as person_key,
    is_primary,
    bool_or(is_linked) over of_goal as is_linked,
    count(*) over of_goal as marks
from reached
join game on game.game_key = reached.game_key
window of_goal as (partition by reached.game_key, goal_event_no, side, player_key)
qualify row_number() over (
    partition by reached.game_key, goal_event_no, side, player_key order by event_no, participant_no
) = 1;

-- name: fact_player_game
create table fact_player_game as
with

counted as (
    select
        event.game_key, credited_side as side, player_key,
        count(*) as events,
        count(*) filter (where is_goal) as goals,
        count(*) filter (where type = 'Shot' or adds_shot and player_key <> '') as shots,
        count(*) filter (where is_on_goal and (type = 'Shot' or player_key <> '')) as shots_on_goal,
        count(*) filter (where type = 'Faceoff') as faceoffs_won,
        count(*) filter (where type = 'Hit') as hits,
        count(*) filter (where type = 'Penalty') as penalties,
        coalesce(sum(
            case
                when minutes is not null then minutes
                when detail1 ilike '%misconduct%' then coalesce((penalty_minutes ->> 'misconduct')::integer, 10)
                when detail1 ilike '%major%' then coalesce((penalty_minutes ->> 'major')::integer, 5)
                when detail1 ilike '%minor%' then coalesce((penalty_minutes ->> 'minor')::integer, 2)
                else 0
            end
        ) filter (where type = 'Penalty'), 0) as penalty_minutes,
        count(*) filter (where type = 'Save') as saves,
        count(*) filter (where type = 'Turnover' and detail1 like '%Giveaway%') as giveaways,
        count(*) filter (where type = 'Turnover' and detail1 like '%Takeaway%' and detail1 not like '%Giveaway%') as takeaways,
        count(*) filter (where type = 'Pass') as passes,
        count(*) filter (where type = 'Pass' and detail1 like '%Completed%') as passes_completed
    from fact_event as event
    join game on game.game_key = event.game_key
    where player_key is not null and type in ('Goal', 'Shot', 'Faceoff', 'Hit', 'Penalty', 'Save', 'Turnover', 'Pass')
    group by all
),

lost as (
    select loser.game_key, loser.side, loser.player_key, count(*) as faceoffs_lost
    from play_participant as loser
    join fact_event as event
        on event.game_key = loser.game_key and event.event_no = loser.event_no and event.type = 'Faceoff' and event.side is not null
    where loser.role = 'opp' and loser.role_no = 1
    group by all
),

marked as (
    select
        game_key, side, player_key,
        count(distinct event_no) filter (where regexp_matches(concat_ws(' ', detail1, detail2), '(^|[ _])BlockedShot')) as blocks,
        count(*) filter (where detail1 = 'Plus') as plus,
        count(*) filter (where detail1 = 'Minus') as minus
    from play_participant
    where regexp_matches(concat_ws(' ', detail1, detail2), '(^|[ _])BlockedShot') or detail1 in ('Plus', 'Minus')
    group by all
),

assisted as (
    select
        game_key, side, player_key,
        count(*) filter (where is_primary) as first_assists,
        count(*) filter (where not is_primary) as second_assists,
        count(*) filter (where is_primary and is_linked) as first_assists_linked,
        count(*) filter (where not is_primary and is_linked) as second_assists_linked
    from fact_assist
    group by all
),

ice as (
    select
        game_key, side, player_key,
        sum(seconds) as seconds,
        sum(net_seconds) as net_seconds,
        sum(seconds) filter (where is_goalie) as goalie_seconds,
        count(*) as stints,
        count(*) filter (where is_new_shift) as shifts
    from fact_player_stint
    group by all
),

happened as (
    select
        on_ice.game_key, on_ice.side, on_ice.player_key,
        count(*) filter (where is_goal and attempt.side = on_ice.side and not is_goalie) as goals_for_on,
        count(*) filter (where is_goal and attempt.side <> on_ice.side and not is_goalie) as goals_against_on,
        count(*) filter (
            where is_goal and not is_power_play and not is_penalty_shot and attempt.side = on_ice.side and not is_goalie
        ) as plus,
        count(*) filter (
            where is_goal and not is_power_play and not is_penalty_shot and attempt.side <> on_ice.side and not is_goalie
        ) as minus,
        count(*) filter (
            where is_goal and attempt.side <> on_ice.side and is_goalie and beaten_goalie_key is null and not is_empty_net
        ) as goals_against,
        coalesce(sum(corsi) filter (where attempt.side = on_ice.side), 0) as corsi_for,
        coalesce(sum(corsi) filter (where attempt.side <> on_ice.side), 0) as corsi_against
    from fact_player_stint as on_ice
    join fact_shot_attempt as attempt on attempt.game_key = on_ice.game_key and attempt.stint_no = on_ice.stint_no
    group by all
),

beaten as (
    select game_key, other_side(side) as side, beaten_goalie_key as player_key, count(*) as goals_against
    from fact_shot_attempt
    where is_goal and beaten_goalie_key is not null
    group by all
),

participated as (
    select distinct play.game_key, play.side, play.player_key
    from play_participant as play
    join game on game.game_key = play.game_key
    where
        play.side is not null
        and (
            not is_recorded(game.lacks, 'on_ice')
            or play.game_key not in (select game_key from fact_player_stint)
        )
),

listed as (
    select *
    from roster_entry
    qualify row_number() over (partition by game_key, side, player_key order by entry_no) = 1
),

everyone as (
    select game_key, side, player_key from listed
    union
    select game_key, side, player_key from counted
    union
    select game_key, side, player_key from lost
    union
    select game_key, side, player_key from assisted
    union
    select game_key, side, player_key from ice
    union
    select game_key, side, player_key from beaten
    union
    select game_key, side, player_key from participated
),

line as (
    select
        everyone.*,
        listed.person_key, listed.position,
        coalesce(listed.person_name, '#' || everyone.player_key) as person_name,
        coalesce(ice.goalie_seconds * 2 > ice.seconds, listed.position = 'G', false) as is_goalie,
        coalesce(counted.events, 0) + coalesce(lost.faceoffs_lost, 0) as events,
        participated.player_key is not null as took_part,
        coalesce(columns(counted.* exclude (game_key, side, player_key, events)), 0)::integer,
        coalesce(lost.faceoffs_lost, 0) as faceoffs_lost,
        coalesce(marked.blocks, 0) as blocks,
        coalesce(columns(assisted.* exclude (game_key, side, player_key)), 0)::integer,
        coalesce(ice.seconds, 0)::integer as seconds,
        coalesce(ice.net_seconds, 0)::decimal(9, 3) as net_seconds,
        coalesce(ice.stints, 0) as stints,
        coalesce(ice.shifts, 0) as shifts,
        coalesce(ice.goalie_seconds, 0) > 0 or coalesce(listed.position = 'G', false) as was_in_net,
        sum(marked.plus + marked.minus) over (partition by everyone.game_key) > 0 as is_marked,
        case when is_marked then coalesce(marked.plus, 0) else coalesce(happened.plus, 0) end as plus,
        case when is_marked then coalesce(marked.minus, 0) else coalesce(happened.minus, 0) end as minus,
        coalesce(happened.goals_against, 0) + coalesce(beaten.goals_against, 0) as goals_against,
        coalesce(happened.goals_for_on, 0) as goals_for_on,
        coalesce(happened.goals_against_on, 0) as goals_against_on,
        coalesce(happened.corsi_for, 0)::integer as corsi_for,
        coalesce(happened.corsi_against, 0)::integer as corsi_against
    from everyone
    left join listed using (game_key, side, player_key)
    left join counted using (game_key, side, player_key)
    left join lost using (game_key, side, player_key)
    left join marked using (game_key, side, player_key)
    left join assisted using (game_key, side, player_key)
    left join ice using (game_key, side, player_key)
    left join happened using (game_key, side, player_key)
    left join beaten using (game_key, side, player_key)
    left join participated using (game_key, side, player_key)
),

-- a value that the source of a game does not record is null
recorded as (
    select
        line.* replace (
            case when is_recorded(lacks, 'missed_shots') then shots end as shots,
            case when is_recorded(lacks, 'ice_time') then shifts end as shifts,
            case when is_recorded(lacks, 'plus_minus') then line.plus end as plus,
            case when is_recorded(lacks, 'plus_minus') then line.minus end as minus,
            case when is_recorded(lacks, 'on_ice') then goals_for_on end as goals_for_on,
            case when is_recorded(lacks, 'on_ice') then goals_against_on end as goals_against_on,
            case when is_recorded(lacks, 'penalties') then penalties end as penalties,
            case when is_recorded(lacks, 'penalty_minutes') then line.penalty_minutes end as penalty_minutes,
            case when is_recorded(lacks, 'faceoffs') then faceoffs_won end as faceoffs_won,
            case when is_recorded(lacks, 'faceoffs') then faceoffs_lost end as faceoffs_lost,
            case when is_recorded(lacks, 'hits') then hits end as hits,
            case when is_recorded(lacks, 'giveaways') then giveaways end as giveaways,
            case when is_recorded(lacks, 'takeaways') then takeaways end as takeaways,
            case when is_recorded(lacks, 'passes') then passes end as passes,
            case when is_recorded(lacks, 'passes') then passes_completed end as passes_completed,
            case when is_recorded(lacks, 'blocks') then blocks end as blocks,
            case when is_recorded(lacks, 'saves') then saves end as saves,
            case when is_recorded(lacks, 'goalies') then goals_against end as goals_against,
            case when is_recorded(lacks, 'on_ice') and is_recorded(lacks, 'missed_shots') then corsi_for end as corsi_for,
            case when is_recorded(lacks, 'on_ice') and is_recorded(lacks, 'missed_shots') then corsi_against end as corsi_against,
            case when is_recorded(lacks, 'assists') then first_assists end as first_assists,
            case when is_recorded(lacks, 'assists') then second_assists end as second_assists,
            case when is_recorded(lacks, 'assists') then first_assists_linked end as first_assists_linked,
            case when is_recorded(lacks, 'assists') then second_assists_linked end as second_assists_linked
        ),
        game.played_on, game.season_key, game.game_type, home_team_key, away_team_key,
        is_recorded(lacks, 'ice_time')
        or is_recorded(lacks, 'goalies') and is_recorded(lacks, 'goalie_time') and was_in_net as has_ice_time
    from line
    join game on game.game_key = line.game_key
)

select
    game_key, side, player_key, played_on, season_key, game_type,
    coalesce(person_key, team_of(side, home_team_key, away_team_key) || '#' || player_key) as person_key,
    recorded.person_key is not null as is_known,
    person_name, position,
    team_of(side, home_team_key, away_team_key) as team_key,
    team_of(other_side(side), home_team_key, away_team_key) as opponent_team_key,
    is_goalie,
    recorded.stints > 0 or events > 0 or took_part as has_played,
    goals, first_assists, second_assists, first_assists + second_assists as assists,
    first_assists_linked, second_assists_linked, first_assists_linked + second_assists_linked as assists_linked,
    goals + first_assists + second_assists as points,
    shots, shots_on_goal, share(goals, shots_on_goal) as shooting_share,
    case when has_ice_time then recorded.seconds end as seconds,
    case when has_ice_time then recorded.net_seconds end as net_seconds,
    case when has_ice_time then recorded.stints end as stints,
    shifts, plus, minus, plus - minus as plus_minus,
    goals_for_on, goals_against_on, goals_for_on - goals_against_on as plus_minus_all,
    penalties, penalty_minutes, faceoffs_won, faceoffs_lost, share(faceoffs_won, faceoffs_won + faceoffs_lost) as faceoff_share,
    hits, giveaways, takeaways, passes, passes_completed, blocks, saves, goals_against, corsi_for, corsi_against,
    share(corsi_for, corsi_for + corsi_against) as corsi_share
from recorded;

-- name: fact_team_game
create table fact_team_game as
with

counted as (
    select
        game_key, credited_side as side,
        count(*) filter (where is_goal) as goals,
        count(*) filter (where is_shot) as shots,
        count(*) filter (where is_on_goal) as shots_on_goal,
        count(*) filter (where is_blocked) as shots_blocked,
        count(*) filter (where is_missed) as shots_missed,
        count(*) filter (where type = 'Shot' and detail1 = 'Shot_Deflected') as shots_deflected,
        count(*) filter (where type = 'Faceoff') as faceoffs_won,
        count(*) filter (where type = 'Save') as saves,
        count(*) filter (where type = 'Hit') as hits,
        count(*) filter (where type = 'Penalty') as penalties,
        count(*) filter (where type = 'Penalty' and coalesce(gives_power_play, true)) as power_plays_given,
        count(*) filter (where type = 'Turnover' and detail1 like '%Giveaway%') as giveaways,
        count(*) filter (where type = 'Turnover' and detail1 like '%Takeaway%' and detail1 not like '%Giveaway%') as takeaways,
        count(*) filter (where type = 'Pass') as passes,
        count(*) filter (where type = 'Pass' and detail1 like '%Completed%') as passes_completed
    from fact_event
    where credited_side is not null
    group by all
),

scored as (
    select
        game_key, side,
        count(*) filter (where is_power_play) as power_play_goals,
        count(*) filter (where is_short_handed) as short_handed_goals,
        count(*) filter (where is_empty_net) as empty_net_goals
    from fact_shot_attempt
    where is_goal
    group by all
),

assisted as (
    select game_key, side, count(*) as assists from fact_assist group by all
),

ice as (
    select
        game_key,
        sum(seconds)::integer as seconds,
        coalesce(sum(seconds) filter (where home_players > away_players), 0)::integer as home_more_seconds,
        coalesce(sum(seconds) filter (where home_players < away_players), 0)::integer as away_more_seconds
    from fact_stint
    group by all
),

own as (
    select
        game_key, side,
        coalesce(columns(counted.* exclude (game_key, side)), 0)::integer,
        coalesce(columns(scored.* exclude (game_key, side)), 0)::integer,
        coalesce(assisted.assists, 0) as assists
    from (select game_key, unnest(['home', 'away']) as side from game) as sides
    left join counted using (game_key, side)
    left join scored using (game_key, side)
    left join assisted using (game_key, side)
)

select
    game.game_key, own.side, game.played_on, game.season_key, game.game_type,
    team_of(own.side, home_team_key, away_team_key) as team_key,
    team_of(other.side, home_team_key, away_team_key) as opponent_team_key,
    own.goals, other.goals as goals_against,
    case when is_recorded(lacks, 'assists') then own.assists end as assists,
    case when is_recorded(lacks, 'missed_shots') then own.shots end as shots,
    own.shots_on_goal, other.shots_on_goal as shots_against, own.shots_blocked,
    case when is_recorded(lacks, 'missed_shots') then own.shots_missed end as shots_missed,
    case when is_recorded(lacks, 'missed_shots') then own.shots_deflected end as shots_deflected,
    case when is_recorded(lacks, 'missed_shots')
        then own.shots_on_goal + own.shots_blocked + own.shots_missed
    end as corsi_for,
    case when is_recorded(lacks, 'missed_shots')
        then other.shots_on_goal + other.shots_blocked + other.shots_missed
    end as corsi_against,
    case when is_recorded(lacks, 'missed_shots') then own.shots_on_goal + own.shots_missed end as fenwick_for,
    case when is_recorded(lacks, 'faceoffs') then own.faceoffs_won end as faceoffs_won,
    case when is_recorded(lacks, 'faceoffs') then other.faceoffs_won end as faceoffs_lost,
    case when is_recorded(lacks, 'saves') then own.saves end as saves,
    case when is_recorded(lacks, 'penalties') then own.penalties end as penalties,
    case when is_recorded(lacks, 'hits') then own.hits end as hits,
    case when is_recorded(lacks, 'giveaways') then own.giveaways end as giveaways,
    case when is_recorded(lacks, 'takeaways') then own.takeaways end as takeaways,
    case when is_recorded(lacks, 'passes') then own.passes end as passes,
    case when is_recorded(lacks, 'passes') then own.passes_completed end as passes_completed,
    case when is_recorded(lacks, 'penalties') then other.power_plays_given end as power_plays,
    case when is_recorded(lacks, 'penalties') then own.power_plays_given end as power_plays_against,
    case when is_recorded(lacks, 'strength') then own.power_play_goals end as power_play_goals,
    case when is_recorded(lacks, 'strength') then own.short_handed_goals end as short_handed_goals,
    case when is_recorded(lacks, 'strength') then other.power_play_goals end as power_play_goals_against,
    case when is_recorded(lacks, 'strength') then own.empty_net_goals end as empty_net_goals,
    case when is_recorded(lacks, 'strength') then other.empty_net_goals end as empty_net_goals_against,
    case when is_recorded(lacks, 'ice_time') then coalesce(ice.seconds, 0) end as seconds,
    case when is_recorded(lacks, 'on_ice')
        then coalesce(case own.side when 'home' then home_more_seconds else away_more_seconds end, 0)
    end as power_play_seconds,
    case when is_recorded(lacks, 'on_ice')
        then coalesce(case own.side when 'home' then away_more_seconds else home_more_seconds end, 0)
    end as short_handed_seconds,
    share(corsi_for, corsi_for + corsi_against) as corsi_share,
    share(own.faceoffs_won, own.faceoffs_won + other.faceoffs_won) as faceoff_share
from own
join own as other on other.game_key = own.game_key and other.side <> own.side
join game on game.game_key = own.game_key
left join ice on ice.game_key = own.game_key;

-- name: fact_pair_game
create table fact_pair_game as
with

on_ice as (
    select game_key, stint_no, side, player_key, seconds from fact_player_stint where not is_goalie
),

happened as (
    select
        game_key, stint_no, sides.side,
        count(*) filter (where is_goal and attempt.side = sides.side) as goals_for,
        count(*) filter (where is_goal and attempt.side <> sides.side) as goals_against,
        coalesce(sum(corsi) filter (where attempt.side = sides.side), 0) as corsi_for,
        coalesce(sum(corsi) filter (where attempt.side <> sides.side), 0) as corsi_against
    from fact_shot_attempt as attempt
    cross join (values ('home'), ('away')) as sides (side)
    group by all
),

pair as (
    select
        one.game_key, one.side, one.player_key as first_key, two.player_key as second_key,
        sum(one.seconds)::integer as seconds,
        coalesce(sum(goals_for), 0)::integer as goals_for,
        coalesce(sum(goals_against), 0)::integer as goals_against,
        coalesce(sum(corsi_for), 0)::integer as corsi_for,
        coalesce(sum(corsi_against), 0)::integer as corsi_against
    from on_ice as one
    join on_ice as two
        on
            two.game_key = one.game_key
            and two.stint_no = one.stint_no
            and two.side = one.side
            and two.player_key > one.player_key
    left join happened
        on happened.game_key = one.game_key and happened.stint_no = one.stint_no and happened.side = one.side
    group by all
)

select
    pair.game_key, pair.side, first_key, second_key,
    one.person_key as first_person_key, two.person_key as second_person_key,
    one.team_key, one.played_on, one.season_key, one.game_type, pair.seconds, pair.goals_for, pair.goals_against,
    case when is_recorded(lacks, 'missed_shots') then pair.corsi_for end as corsi_for,
    case when is_recorded(lacks, 'missed_shots') then pair.corsi_against end as corsi_against,
    one.corsi_for - pair.corsi_for as first_corsi_for_without,
    one.corsi_against - pair.corsi_against as first_corsi_against_without,
    two.corsi_for - pair.corsi_for as second_corsi_for_without,
    two.corsi_against - pair.corsi_against as second_corsi_against_without,
    share(pair.corsi_for, pair.corsi_for + pair.corsi_against) as corsi_share,
    share(first_corsi_for_without, first_corsi_for_without + first_corsi_against_without) as first_corsi_share_without,
    share(second_corsi_for_without, second_corsi_for_without + second_corsi_against_without) as second_corsi_share_without
from pair
join game on game.game_key = pair.game_key
join fact_player_game as one on one.game_key = pair.game_key and one.side = pair.side and one.player_key = first_key
join fact_player_game as two on two.game_key = pair.game_key and two.side = pair.side and two.player_key = second_key;
