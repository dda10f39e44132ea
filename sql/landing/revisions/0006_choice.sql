-- Decisions of people about the revisions of a game. The last decision is in force.
--
-- A decision holds for the revisions known at that time: a revision exported later is compared with the chosen one.
create table landing.choice (
    tenant_id uuid not null default core.current_tenant(),
    game_key text not null,
    content_hash bytea,
    over_exported_at timestamptz,
    over_rank text collate "C",
    over_hash bytea,
    reason text,
    chosen_by text not null default session_user,
    chosen_at timestamptz not null default core.clock(),
    constraint choice_pk primary key (tenant_id, game_key)
);
comment on table landing.choice is 'One row per game with a decision about its revisions.';
comment on column landing.choice.content_hash is 'Revision to publish; null to publish none.';
comment on column landing.choice.over_exported_at is 'Export time of the newest revision known at the decision. With over_rank and over_hash it bounds the revisions that the decision covers.';

-- revert: drop table landing.choice;
