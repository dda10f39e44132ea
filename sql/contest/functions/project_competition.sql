-- The events of a competition: who takes part, and what was drawn.
create or replace function contest.project_competition(p_competition text, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.required_tenant();
    v_at timestamptz := (p_payload ->> 'at')::timestamptz;
    v_pairing record;
begin
    case p_event
        when 'competition.created' then
            insert into contest.competition (
                tenant_id, competition_key, name, kind, format, season_key, parent_key, rounds, points_win, points_draw, points_loss
            )
            select
                v_tenant, p_competition, p.name, p.kind, p.format, p.season_key, p.parent_key, p.rounds, p.points_win,
                p.points_draw, p.points_loss
            from jsonb_populate_record(null::contest.competition, p_payload) as p
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
                    perform contest.enter_bye(p_competition, v_pairing.round, v_pairing.home, v_at);
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
            raise exception 'nobody knows an event %', p_event using errcode = '22023';
    end case;
end;
$$;

comment on function contest.project_competition(text, text, jsonb) is
'Nothing. Raises 22023 for an event that nobody knows, and what the tables refuse.';

-- revert: drop function contest.project_competition(text, text, jsonb);
