-- Marts of many tenants: :rows lines of players in a skewed number of games a tenant, 22 lines a game.
--
-- A few tenants have most, as it is: the games of tenant t of n are those drawn as n * random^2.
create temporary table tenant_no as
select
    n,
    md5('bench' || n)::uuid as tenant_id
from generate_series(0, current_setting('bench.tenants')::integer - 1) as n;
create unique index on tenant_no (n);

select setseed(0.5);
create temporary table game_no as
select
    floor(current_setting('bench.tenants')::integer * random() ^ 2)::integer as t,
    g
from generate_series(1, current_setting('bench.rows')::integer / 22) as g;

insert into core.tenant (tenant_id, slug, name, kind)
select
    t.tenant_id,
    'bench-' || t.n,
    'Bench ' || t.n,
    'league'
from tenant_no as t;

insert into marts.fact_player_game (
    tenant_id, game_key, side, player_key, person_key, is_known, person_name, position, team_key, opponent_team_key, played_on, season_key,
    game_type, is_counted, is_goalie, has_played, goals, assists, first_assists, second_assists, assists_linked, points, shots,
    shots_on_goal, seconds, net_seconds, stints, shifts, plus, minus, plus_minus, goals_for_on, goals_against_on, plus_minus_all,
    penalties, penalty_minutes, faceoffs_won, faceoffs_lost, giveaways, takeaways, passes, passes_completed, blocks, saves,
    goals_against, corsi_for, corsi_against
)
select
    tenant.tenant_id,
    'g' || game.g,
    case when p < 11 then 'home' else 'away' end,
    (p % 11 + 1)::text,
    format('P%s-%s-%s', (game.g + p / 11) % 8, game.g / 7 % 2, p % 11),
    true,
    'Player',
    case when p % 11 = 10 then 'G' else 'F' end,
    'team ' || (game.g + p / 11) % 8,
    'team ' || (game.g + 1 - p / 11) % 8,
    date '2021-09-01' + (game.g::bigint * 1700 / (select max(g) from game_no))::integer,
    's' || (game.g::bigint * 5 / (select max(g) + 1 from game_no)),
    case when game.g % 10 = 0 then 'Playoffs' else 'Regular' end,
    true, p % 11 = 10, true, (hashint4(game.g * 31 + p) & 7 = 0)::integer, hashint4(game.g * 17 + p) & 1, hashint4(game.g * 17 + p) & 1, 0, 0,
    (hashint4(game.g * 31 + p) & 7 = 0)::integer + (hashint4(game.g * 17 + p) & 1), hashint4(game.g * 7 + p) & 7, hashint4(game.g * 7 + p) & 3,
    600 + (hashint4(game.g + p) & 511), 500, 20, 15, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 2, 1, 20, 12, 0, 0, 0, 12, 11
from game_no as game
join tenant_no as tenant on tenant.n = game.t
cross join generate_series(0, 21) as p
order by game.g, p;

insert into marts.fact_team_game (
    tenant_id, game_key, side, team_key, opponent_team_key, played_on, season_key, game_type, is_counted, score_for, score_against, goals,
    goals_against, result, shots_on_goal, shots_against, corsi_for, corsi_against, seconds
)
select
    p.tenant_id, p.game_key, p.side, p.team_key, p.opponent_team_key, p.played_on, p.season_key, p.game_type, true, p.goals as score_for, 2, p.goals, 2,
    case when p.goals > 2 then 'W' when p.goals = 2 then 'T' else 'L' end, p.shots, 20, 40, 38, 3600
from (
    select
        l.tenant_id, l.game_key, l.side, l.team_key, l.opponent_team_key, l.played_on, l.season_key, l.game_type,
        sum(l.goals)::integer as goals,
        sum(l.shots)::integer as shots
    from marts.fact_player_game as l
    group by l.tenant_id, l.game_key, l.side, l.team_key, l.opponent_team_key, l.played_on, l.season_key, l.game_type
) as p
order by p.game_key;

insert into marts.dim_person (tenant_id, person_key, person_name, is_known)
select distinct
    l.tenant_id,
    l.person_key,
    'Player ' || l.person_key,
    true
from marts.fact_player_game as l;

insert into marts.dim_team (tenant_id, team_key, team_name)
select distinct
    l.tenant_id,
    l.team_key,
    initcap(l.team_key)
from marts.fact_team_game as l;

insert into marts.dim_rules (tenant_id, valid_from, valid_to, points_win, points_tie, points_loss, points_overtime_loss)
select
    t.tenant_id,
    '-infinity',
    'infinity',
    2, 1, 0, 1
from tenant_no as t;
