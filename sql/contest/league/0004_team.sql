-- Teams. The key is the name in one spelling, so that every order of loading gives the same teams.
create table contest.team (
    tenant_id uuid not null default core.current_tenant(),
    team_key text not null,
    name text not null,
    seen_at timestamptz not null default '-infinity',
    colour text,
    coloured_at timestamptz,
    constraint team_pk primary key (tenant_id, team_key),
    constraint team_colour_ck check (colour ~ '^#[0-9a-f]{6}$'),
    constraint team_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table contest.team is 'One row per team of a tenant.';
comment on column contest.team.team_key is 'The name in NFC, casefolded, with each run of white space as one space.';
comment on column contest.team.name is 'Spelling of the newest export; a schedule counts as older than any export.';
comment on column contest.team.seen_at is 'Time of the export with that spelling.';
comment on column contest.team.colour is 'Colour such as #1f6fa8 of the newest export that has one for the team.';
comment on column contest.team.coloured_at is 'Time of the export with that colour; null where it has none.';

-- revert: drop table contest.team;
