-- Adds a periodic job to the tenant, or changes the one of that name. Its first run is the next time of the expression.
create or replace function core.schedule_job(
    p_name text, p_queue text, p_cron text, p_payload jsonb default '{}', p_zone text default 'UTC'
)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_most integer := core.setting('jobs', 'periodic_jobs')::integer;
    v_next timestamptz;
    v_old timestamptz;
    v_count integer;
begin
    perform 1 from core.queue as q where q.queue = p_queue and q.queue <> 'core.periodic';
    if not found then
        raise exception 'queue % does not exist or has no periodic jobs', p_queue using errcode = '22023';
    elsif jsonb_typeof(p_payload) is distinct from 'object' then
        raise exception 'the payload must be a JSON object, not %', coalesce(p_payload::text, 'null') using errcode = '22023';
    end if;
    perform core.require_zone(p_zone);
    v_next := core.next_run(p_cron, p_zone, v_now);
    -- sessions that add periodic jobs of the tenant wait for each other, so that none exceeds the limit
    perform pg_advisory_xact_lock(hashtextextended(v_tenant::text, hashtext('core.periodic_job')));
    select p.next_at into v_old from core.periodic_job as p where p.tenant_id = v_tenant and p.name = p_name for update;
    if not found then
        select count(*) into v_count from core.periodic_job as p where p.tenant_id = v_tenant;
        if v_count >= v_most then
            raise exception 'the tenant has % periodic jobs, and the setting jobs.periodic_jobs allows %', v_count, v_most
                using errcode = '54000';
        end if;
    end if;
    insert into core.periodic_job as p (tenant_id, name, queue, payload, cron, zone, next_at, set_at)
    values (v_tenant, p_name, p_queue, p_payload, p_cron, p_zone, v_next, v_now)
    on conflict on constraint periodic_job_pk do update
    set
        queue = excluded.queue, payload = excluded.payload, cron = excluded.cron, zone = excluded.zone,
        is_enabled = true, next_at = excluded.next_at, set_at = excluded.set_at;
    perform core.plan_periodic(p_name, v_old, v_next);
    perform core.write_audit(
        'schedule.set', p_name, jsonb_build_object('queue', p_queue, 'cron', p_cron, 'zone', p_zone, 'payload', p_payload)
    );
    return v_next;
end;
$$;

comment on function core.schedule_job(text, text, text, jsonb, text) is
'Returns the time of the first run. Errors: 22023 when the queue or the time zone does not exist, or the expression or the payload is invalid; 23514 when the name is empty or longer than 100 characters; 54000 when the tenant has as many periodic jobs as its setting jobs.periodic_jobs allows; 42501 when no tenant is set.';

grant execute on function core.schedule_job(text, text, text, jsonb, text) to stanchion_app;

-- Refuses a time zone that is not a name of the IANA database. Postgres also accepts abbreviations and offsets, which have
-- no daylight saving time, or another one than expected.
create or replace function core.require_zone(p_zone text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_timezone_names as z where z.name = p_zone) then
        raise exception 'the time zone % does not exist; expected a name such as UTC or Europe/Helsinki', coalesce(p_zone, 'null')
            using errcode = '22023';
    end if;
end;
$$;

comment on function core.require_zone(text) is 'Returns nothing. Errors: 22023 when the time zone is not a name of the IANA database.';

-- Replaces the waiting job of core.periodic that starts the run of a periodic job.
create or replace function core.plan_periodic(p_name text, p_old timestamptz, p_next timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_old text := format('%s @ %s', p_name, extract(epoch from p_old)::bigint);
begin
    -- a leased one stays: its handler finds that the time has changed
    delete from core.job as j
    where j.tenant_id = v_tenant and j.queue = 'core.periodic' and j.dedupe_key = v_old and j.lease_id is null;
    if p_next is not null then
        perform core.enqueue(
            'core.periodic', jsonb_build_object('name', p_name, 'slot', p_next),
            format('%s @ %s', p_name, extract(epoch from p_next)::bigint), p_next
        );
    end if;
end;
$$;

comment on function core.plan_periodic(text, timestamptz, timestamptz) is
'Returns nothing. Deletes the job that waits for the old time, and enqueues one for the next time unless it is null. Errors: 42501 when no tenant is set.';

-- revert: drop function core.schedule_job(text, text, text, jsonb, text);
-- revert: drop function core.require_zone(text);
-- revert: drop function core.plan_periodic(text, timestamptz, timestamptz);
