-- Appends an event and applies it to the tables. Only events write the tables of competitions, so that replaying the
-- events gives the same rows.
--
-- The event contains its time and its actor: applying it must not read the clock or the session.
create or replace function contest.record_event(p_type text, p_stream text, p_expected bigint, p_event text, p_payload jsonb)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_payload jsonb := jsonb_build_object('at', core.clock(), 'by', core.actor()) || p_payload;
    v_version bigint;
begin
    v_version := core.append_events(
        p_type, p_stream, p_expected, jsonb_build_array(jsonb_build_object('type', p_event, 'payload', v_payload))
    );
    perform contest.apply_event(p_type, p_stream, v_version, p_event, v_payload);
    return v_version;
end;
$$;

comment on function contest.record_event(text, text, bigint, text, jsonb) is
'Returns the version of the stream after the event. Errors: those of core.append_events, such as 40001 when the stream is at another version.';

-- Applies one event to the tables. Used when the event is written and when a stream is replayed.
create or replace function contest.apply_event(p_type text, p_stream text, p_version bigint, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
begin
    if p_type = 'contest.fixture' then
        perform contest.apply_fixture_event(p_stream, p_version, p_event, p_payload);
    elsif p_type = 'contest.competition' then
        perform contest.apply_competition_event(p_stream, p_event, p_payload);
    else
        insert into contest.station (tenant_id, station_key, name)
        values (v_tenant, p_stream, p_payload ->> 'name');
    end if;
end;
$$;

comment on function contest.apply_event(text, text, bigint, text, jsonb) is
'Returns nothing. Errors: 22023 for an unknown event type.';

-- Applies an event of a competition: its teams, players and draws.
create or replace function contest.apply_competition_event(p_competition text, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_at timestamptz := (p_payload ->> 'at')::timestamptz;
    v_pairing record;
    v_row contest.competition;
begin
    case p_event
        when 'competition.created' then
            v_row := jsonb_populate_record(null::contest.competition, p_payload);
            insert into contest.competition (
                tenant_id, competition_key, name, kind, format, season_key, parent_key, rounds, points_win, points_draw, points_loss
            ) values (
                v_tenant, p_competition, v_row.name, v_row.kind, v_row.format, v_row.season_key, v_row.parent_key,
                v_row.rounds, v_row.points_win, v_row.points_draw, v_row.points_loss
            )
            on conflict on constraint competition_pk do update set
                name = excluded.name, kind = excluded.kind, format = excluded.format, season_key = excluded.season_key,
                parent_key = excluded.parent_key, rounds = excluded.rounds, drawn = 0, points_win = excluded.points_win,
                points_draw = excluded.points_draw, points_loss = excluded.points_loss;
        when 'team.entered' then
            insert into contest.team (tenant_id, team_key, name)
            values (v_tenant, p_payload ->> 'team', p_payload ->> 'name')
            on conflict on constraint team_pk do nothing;
            insert into contest.entrant (tenant_id, competition_key, team_key, seed)
            values (v_tenant, p_competition, p_payload ->> 'team', (p_payload ->> 'seed')::integer);
        when 'player.entered' then
            insert into contest.person (tenant_id, person_key, name)
            values (v_tenant, p_payload ->> 'person', p_payload ->> 'name')
            on conflict on constraint person_pk do nothing;
            insert into contest.player (tenant_id, competition_key, person_key, team_key, principal_id)
            values (
                v_tenant, p_competition, p_payload ->> 'person', p_payload ->> 'team', (p_payload ->> 'principal')::uuid
            );
        when 'round.drawn' then
            for v_pairing in
                select p.round, p.slot, p.home, p.away, p.is_bye, p.fixture
                from jsonb_to_recordset(p_payload -> 'pairings') as p (
                    round integer, slot integer, home text, away text, is_bye boolean, fixture text
                )
            loop
                if v_pairing.fixture is not null then
                    perform contest.make_fixture(
                        p_competition, v_pairing.fixture, v_pairing.round, v_pairing.home, v_pairing.away, v_at
                    );
                end if;
                insert into contest.pairing (
                    tenant_id, competition_key, round, slot, home_team_key, away_team_key, is_bye, game_key
                ) values (
                    v_tenant, p_competition, v_pairing.round, v_pairing.slot, v_pairing.home, v_pairing.away,
                    v_pairing.is_bye, v_pairing.fixture
                );
                if v_pairing.is_bye then
                    perform contest.enter_bye_points(p_competition, v_pairing.round, v_pairing.home, v_at);
                end if;
            end loop;
            update contest.competition as c
            set drawn = (p_payload ->> 'drawn')::integer
            where c.tenant_id = v_tenant and c.competition_key = p_competition;
        when 'pairing.filled' then
            if p_payload ->> 'fixture' is not null then
                perform contest.make_fixture(
                    p_competition, p_payload ->> 'fixture', (p_payload ->> 'round')::integer, p_payload ->> 'home',
                    p_payload ->> 'away', v_at
                );
            end if;
            update contest.pairing as p
            set
                home_team_key = p_payload ->> 'home',
                away_team_key = p_payload ->> 'away',
                game_key = coalesce(p_payload ->> 'fixture', p.game_key)
            where p.tenant_id = v_tenant and p.competition_key = p_competition
                and p.round = (p_payload ->> 'round')::integer and p.slot = (p_payload ->> 'slot')::integer;
        when 'fixture.added' then
            perform contest.make_fixture(
                p_competition, p_payload ->> 'fixture', (p_payload ->> 'round')::integer, p_payload ->> 'home',
                p_payload ->> 'away', v_at
            );
        else
            raise exception 'unknown event type %', p_event using errcode = '22023';
    end case;
end;
$$;

comment on function contest.apply_competition_event(text, text, jsonb) is
'Returns nothing. Errors: 22023 for an unknown event type, and those of the constraints of the tables.';

-- Applies an event of a fixture of a competition: its time, its submitted scores and its result.
create or replace function contest.apply_fixture_event(p_game_key text, p_version bigint, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_at timestamptz := (p_payload ->> 'at')::timestamptz;
    v_starts timestamptz;
    v_ends timestamptz;
    v_day date;
begin
    case p_event
        when 'score.submitted' then
            insert into contest.score_submission (
                tenant_id, submission_key, game_key, home, away, side, submitted_by, submitted_at, due_at
            ) values (
                v_tenant, p_payload ->> 'submission', p_game_key, (p_payload ->> 'home')::integer,
                (p_payload ->> 'away')::integer, p_payload ->> 'side', p_payload ->> 'by', v_at,
                (p_payload ->> 'due')::timestamptz
            );
        when 'score.disputed' then
            update contest.score_submission as s
            set state = 'disputed', decided_by = p_payload ->> 'by', decided_at = v_at
            where s.tenant_id = v_tenant and s.submission_key = p_payload ->> 'submission';
            insert into contest.dispute (tenant_id, submission_key, game_key, reason, side, raised_by, raised_at)
            values (
                v_tenant, p_payload ->> 'submission', p_game_key, p_payload ->> 'reason', p_payload ->> 'side',
                p_payload ->> 'by', v_at
            );
        when 'result.confirmed' then
            update contest.score_submission as s
            set state = 'confirmed', decided_by = p_payload ->> 'by', decided_at = v_at
            where s.tenant_id = v_tenant and s.submission_key = p_payload ->> 'submission';
            update contest.dispute as d
            set settled_at = v_at
            where d.tenant_id = v_tenant and d.game_key = p_game_key and d.settled_at is null;
        when 'result.amended' then
            null;
        when 'teams.changed' then
            update contest.fixture as f
            set home_team_key = p_payload ->> 'home', away_team_key = p_payload ->> 'away', version = p_version
            where f.tenant_id = v_tenant and f.game_key = p_game_key;
        when 'fixture.scheduled' then
            v_starts := (p_payload ->> 'starts_at')::timestamptz;
            v_ends := (p_payload ->> 'ends_at')::timestamptz;
            v_day := core.utc_day(v_starts);
            -- the published rows are stored under the day of the game, which only a load moves
            update contest.fixture as f
            set
                station_key = p_payload ->> 'station',
                starts_at = v_starts,
                ends_at = v_ends,
                played_on = case when f.content_hash is null then v_day else f.played_on end,
                version = p_version
            where f.tenant_id = v_tenant and f.game_key = p_game_key;
        else
            raise exception 'unknown event type %', p_event using errcode = '22023';
    end case;
    if p_event in ('result.confirmed', 'result.amended') then
        perform contest.enter_result(
            p_game_key, p_version, (p_payload ->> 'home')::integer, (p_payload ->> 'away')::integer, v_at
        );
    elsif p_event in ('score.submitted', 'score.disputed') then
        update contest.fixture as f
        set version = p_version
        where f.tenant_id = v_tenant and f.game_key = p_game_key;
    end if;
end;
$$;

comment on function contest.apply_fixture_event(text, bigint, text, jsonb) is
'Returns nothing. Errors: 22023 for an unknown event type, and those of the constraints of the tables.';

-- Creates a fixture of a competition: a new game, or a loaded game that has no score yet.
create or replace function contest.make_fixture(
    p_competition text, p_game_key text, p_round integer, p_home text, p_away text, p_at timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_season text;
    v_day date := core.utc_day(p_at);
begin
    select c.season_key into v_season
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition;
    insert into contest.fixture as f (
        tenant_id, game_key, season_key, competition_key, round, home_team_key, away_team_key, played_on,
        played_on_source, status, load_id
    ) values (
        v_tenant, p_game_key, v_season, p_competition, p_round, p_home, p_away, v_day, 'competition', 'scheduled', 0
    )
    on conflict on constraint fixture_pk do update set
        competition_key = excluded.competition_key,
        round = excluded.round,
        home_team_key = excluded.home_team_key,
        away_team_key = excluded.away_team_key,
        -- tracked to its end, but without a confirmed score
        status = case when f.content_hash is null then 'scheduled' else 'live' end
    where f.competition_key is null and f.official_home is null;
    if not found then
        raise exception 'game % already has a score or a competition', p_game_key using errcode = '55000';
    end if;
end;
$$;

comment on function contest.make_fixture(text, text, integer, text, text, timestamptz) is
'Returns nothing. Errors: 55000 when the game already has a score or a competition; 23503 when a team does not exist.';

-- Enters the points of a round without an opponent: those of a win in a swiss tournament, none in a bracket.
create or replace function contest.enter_bye_points(p_competition text, p_round integer, p_team text, p_at timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_points numeric;
begin
    select c.points_win into v_points
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = p_competition and c.format = 'swiss';
    if found then
        insert into contest.point_entry (
            tenant_id, competition_key, team_key, source, version, reason, round, points, played, won, drawn, lost,
            score_for, score_against, entered_at
        ) values (
            v_tenant, p_competition, p_team, 'round ' || p_round, 0, 'bye', p_round, v_points, 0, 0, 0, 0, 0, 0, p_at
        );
    end if;
end;
$$;

comment on function contest.enter_bye_points(text, integer, text, timestamptz) is
'Returns nothing. Appends the points of the bye to the ledger.';

-- Enters a result: its points in the ledger, and the score of the fixture, from which contest.team_totals computes the
-- standings. An earlier result is cancelled by entries of its own.
create or replace function contest.enter_result(
    p_game_key text, p_version bigint, p_home integer, p_away integer, p_at timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_fixture contest.fixture;
    v_competition contest.competition;
    v_sign integer;
    v_reason text;
    v_home integer;
    v_away integer;
    v_home_points numeric;
    v_away_points numeric;
begin
    select f.* into v_fixture from contest.fixture as f where f.tenant_id = v_tenant and f.game_key = p_game_key;
    select c.* into v_competition
    from contest.competition as c
    where c.tenant_id = v_tenant and c.competition_key = v_fixture.competition_key;
    update contest.fixture as f
    set
        official_home = p_home,
        official_away = p_away,
        official_by_period = null,
        status = 'final',
        is_scored = f.content_hash is null,
        version = p_version
    where f.tenant_id = v_tenant and f.game_key = p_game_key;
    foreach v_sign in array case when v_fixture.official_home is null then array[1] else array[-1, 1] end loop
        v_home := case v_sign when 1 then p_home else v_fixture.official_home end;
        v_away := case v_sign when 1 then p_away else v_fixture.official_away end;
        v_reason := case v_sign when 1 then 'result' else 'reversal' end;
        v_home_points := v_sign * contest.score_points(v_competition, v_home, v_away);
        v_away_points := v_sign * contest.score_points(v_competition, v_away, v_home);
        insert into contest.point_entry (
            tenant_id, competition_key, team_key, source, version, reason, opponent_team_key, game_key, round, points,
            played, won, drawn, lost, score_for, score_against, entered_at
        ) values (
            v_tenant, v_fixture.competition_key, v_fixture.home_team_key, p_game_key, p_version, v_reason,
            v_fixture.away_team_key, p_game_key, v_fixture.round, v_home_points, v_sign,
            v_sign * (v_home > v_away)::integer, v_sign * (v_home = v_away)::integer, v_sign * (v_home < v_away)::integer,
            v_sign * v_home, v_sign * v_away, p_at
        ), (
            v_tenant, v_fixture.competition_key, v_fixture.away_team_key, p_game_key, p_version, v_reason,
            v_fixture.home_team_key, p_game_key, v_fixture.round, v_away_points, v_sign,
            v_sign * (v_away > v_home)::integer, v_sign * (v_away = v_home)::integer, v_sign * (v_away < v_home)::integer,
            v_sign * v_away, v_sign * v_home, p_at
        );
    end loop;
end;
$$;

comment on function contest.enter_result(text, bigint, integer, integer, timestamptz) is
'Returns nothing. Makes the fixture final with this score and appends its points to the ledger.';

-- revert: drop function contest.enter_result(text, bigint, integer, integer, timestamptz);
-- revert: drop function contest.enter_bye_points(text, integer, text, timestamptz);
-- revert: drop function contest.make_fixture(text, text, integer, text, text, timestamptz);
-- revert: drop function contest.apply_fixture_event(text, bigint, text, jsonb);
-- revert: drop function contest.apply_competition_event(text, text, jsonb);
-- revert: drop function contest.apply_event(text, text, bigint, text, jsonb);
-- revert: drop function contest.record_event(text, text, bigint, text, jsonb);
