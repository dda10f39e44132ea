-- Official figures: the box score in the source of a published game, to compare with the marts.
create table contest.official_figure (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    scope text not null,
    side text not null,
    player_key text not null,
    period integer not null,
    name text not null,
    value text not null,
    constraint official_figure_pk primary key (tenant_id, game_key, scope, side, player_key, period, name),
    constraint official_figure_fixture_fk foreign key (tenant_id, game_key)
    references contest.fixture (tenant_id, game_key) on delete cascade,
    constraint official_figure_scope_known check (scope in ('player', 'goalie', 'team', 'period')),
    constraint official_figure_side_known check (side in ('home', 'away'))
);
comment on table contest.official_figure is 'One row per official figure in the source of a published game, such as the goals of a player.';
comment on column contest.official_figure.scope is 'Mart with the same figure: player, goalie or team; period: goals of a team in one period.';
comment on column contest.official_figure.side is 'Side in the source.';
comment on column contest.official_figure.player_key is 'Player as in the marts: the jersey, or id: and the id of the person; empty for a team.';
comment on column contest.official_figure.period is 'Period; 0 unless the scope is period.';
comment on column contest.official_figure.name is 'Column of the mart with the same figure.';
comment on column contest.official_figure.value is 'A whole number, or a decision such as OTL.';

-- revert: drop table contest.official_figure;
