-- Appends events to a stream if the stream is at the version that the caller expects.
--
-- The head is updated first, and its row lock makes versions consecutive. The time is read after that, so that it never
-- decreases within a stream. Security definer: events are appended only here.
create or replace function core.append_events(p_type text, p_stream text, p_expected bigint, p_events jsonb)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_count integer := jsonb_array_length(p_events);
    v_actor text := core.actor();
    v_request text := core.request_id();
    v_now timestamptz;
    v_today date;
    v_version bigint;
    v_own xid8 := pg_current_xact_id();
    v_transaction xid8;
    v_event jsonb;
begin
    loop
        update core.event_stream as s
        set version = s.version + v_count, transaction_id = greatest(s.transaction_id, v_own)
        where s.tenant_id = v_tenant
            and s.stream_type = p_type
            and s.stream_id = p_stream
            and s.version = coalesce(p_expected, s.version)
        returning s.version, s.transaction_id into v_version, v_transaction;
        exit when found;
        if coalesce(p_expected, 0) = 0 then
            insert into core.event_stream (tenant_id, stream_type, stream_id, version, transaction_id)
            values (v_tenant, p_type, p_stream, v_count, v_own)
            on conflict on constraint event_stream_pk do nothing
            returning version, transaction_id into v_version, v_transaction;
            exit when found;
        end if;
        if p_expected is not null then
            select s.version into v_version
            from core.event_stream as s
            where s.tenant_id = v_tenant and s.stream_type = p_type and s.stream_id = p_stream;
            raise exception 'stream %/% is at version %, expected %', p_type, p_stream, coalesce(v_version, 0), p_expected
                using errcode = '40001';
        end if;
    end loop;
    if v_count = 0 then
        return v_version;
    end if;
    v_now := core.clock();
    v_today := core.utc_day(v_now);
    if v_count = 1 or current_setting('citus.version', true) is not null then
        for v_number in 0..v_count - 1 loop
            v_event := p_events -> v_number;
            insert into core.event (
                tenant_id, recorded_on, stream_type, stream_id, version, event_type, payload, recorded_at, transaction_id,
                writer_id, actor, request_id
            ) values (
                v_tenant, v_today, p_type, p_stream, v_version - v_count + v_number + 1, v_event ->> 'type',
                coalesce(v_event -> 'payload', '{}'), v_now, v_transaction, v_own, v_actor, v_request
            );
        end loop;
    else
        perform core.insert_events(v_tenant, p_type, p_stream, v_version - v_count, p_events, v_now, v_transaction, v_actor, v_request);
    end if;
    perform core.notify_consumers(v_now);
    return v_version;
end;
$$;

comment on function core.append_events(text, text, bigint, jsonb) is
'Returns the version of the stream after the events, a list such as [{"type": "goal", "payload": {}}]. An expected version of null accepts any version, 0 a new stream. Errors: 40001 when the stream is at another version; 42501 when no tenant is set, or the principal of the session does not belong to the tenant; 22001 when app.request_id is too long; 23502 for an event without a type; 22023 when the events are not a list.';

grant execute on function core.append_events(text, text, bigint, jsonb) to stanchion_app, stanchion_loader;

-- Inserts several events of one stream in one statement, which costs half of a statement for each. On a cluster it would
-- send an intermediate result to every node and commit in two phases, so core.append_events does not call it there.
create or replace function core.insert_events(
    p_tenant uuid, p_type text, p_stream text, p_version bigint, p_events jsonb, p_now timestamptz, p_transaction xid8,
    p_actor text, p_request text
)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto
as $$
declare
    v_today date := core.utc_day(p_now);
    v_count bigint;
begin
    with added as (
        insert into core.event (
            tenant_id, recorded_on, stream_type, stream_id, version, event_type, payload, recorded_at, transaction_id,
            actor, request_id
        )
        select
            p_tenant, v_today, p_type, p_stream, p_version + e.number, e.event ->> 'type', coalesce(e.event -> 'payload', '{}'),
            p_now, p_transaction, p_actor, p_request
        from jsonb_array_elements(p_events) with ordinality as e (event, number)
        order by e.number
        returning 1
    )

    select count(*) into v_count from added;
    return v_count;
end;
$$;

comment on function core.insert_events(uuid, text, text, bigint, jsonb, timestamptz, xid8, text, text) is
'Returns the number of events inserted, with the versions after p_version. Called by core.append_events, which has locked the stream. Errors: 23502 for an event without a type.';

-- Notifies the channel stanchion_events that there may be events to poll; see core.wake.
create or replace function core.notify_consumers(p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.notify_channel('stanchion_events', 'core.event_notice', p_now);
end;
$$;

comment on function core.notify_consumers(timestamptz) is
'Returns nothing. Sends an empty notification on stanchion_events at the commit, at most once in a tenth of a second.';

-- revert: drop function core.notify_consumers(timestamptz);
-- revert: drop function core.insert_events(uuid, text, text, bigint, jsonb, timestamptz, xid8, text, text);
-- revert: drop function core.append_events(text, text, bigint, jsonb);
