-- Persons, by their id in the source.
create table contest.person (
    tenant_id uuid not null default core.current_tenant(),
    person_key text not null,
    name text,
    position text,
    seen_at timestamptz not null default '-infinity',
    constraint person_pk primary key (tenant_id, person_key),
    constraint person_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table contest.person is 'One row per person with an id in a source of the tenant, with the newest name.';
comment on column contest.person.seen_at is 'Time of the export with that name.';

-- revert: drop table contest.person;
