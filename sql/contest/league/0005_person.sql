-- Persons, by the id that the source has for them.
create table contest.person (
    tenant_id uuid not null default core.current_tenant(),
    person_key text not null,
    name text,
    position text,
    seen_at timestamptz not null default '-infinity',
    constraint person_pk primary key (tenant_id, person_key),
    constraint person_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade
);
comment on table contest.person is 'One row per person that a source of the tenant has an id for, with the newest name.';
comment on column contest.person.seen_at is 'When the export with that name was made.';

-- revert: drop table contest.person;
