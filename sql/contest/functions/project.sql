-- What an event comes to in the tables, the same whether it just happened or is read again.
create or replace function contest.project(p_type text, p_stream text, p_version bigint, p_event text, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_type = 'contest.fixture' then
        perform contest.project_fixture(p_stream, p_version, p_event, p_payload);
    elsif p_type = 'contest.competition' then
        perform contest.project_competition(p_stream, p_event, p_payload);
    else
        insert into contest.station (tenant_id, station_key, name)
        values (core.required_tenant(), p_stream, p_payload ->> 'name');
    end if;
end;
$$;

comment on function contest.project(text, text, bigint, text, jsonb) is
'Nothing. Raises 22023 for an event that nobody knows.';

-- revert: drop function contest.project(text, text, bigint, text, jsonb);
