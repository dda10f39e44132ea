-- Ids of a game in other sources than the schedule: loads of all these ids are revisions of one game.
create table landing.game_alias (
    tenant_id uuid not null default core.current_tenant(),
    alias_key text not null,
    game_key text not null,
    load_id bigint not null,
    constraint game_alias_pk primary key (tenant_id, alias_key),
    constraint game_alias_of_another check (alias_key <> game_key)
);
comment on table landing.game_alias is 'One row per further id of a game. The last schedule loaded decides.';
comment on column landing.game_alias.alias_key is 'Id of the game in another source.';
comment on column landing.game_alias.game_key is 'Id of the game in the schedule, under which it is published. It is never an alias itself.';

-- serves: all ids of a game
create index game_alias_game_idx on landing.game_alias (tenant_id, game_key);

-- revert: drop table landing.game_alias;
