-- What a person decided about the revisions of a game: the last word wins.
--
-- It holds for what was known then: a revision exported later is judged anew, starting from the chosen one.
create table landing.choice (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    content_hash bytea,
    over_exported_at timestamptz,
    over_hash bytea,
    reason text,
    chosen_by text not null default session_user,
    chosen_at timestamptz not null default core.clock(),
    constraint choice_pk primary key (tenant_id, game_key)
);
comment on table landing.choice is 'One row per game about whose revisions somebody decided.';
comment on column landing.choice.content_hash is 'The revision to publish; null to publish none.';
comment on column landing.choice.over_exported_at is 'When the newest revision known at the decision was exported; with over_hash the end of what it is about.';

-- revert: drop table landing.choice;
