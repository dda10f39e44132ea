-- Counts one use against a limit: one upsert, so that concurrent callers pass exactly the limit.
--
-- A new subject deletes two ended windows, so that the table stays as large as the subjects in use without a clean-up
-- job. Security definer: buckets are written only here.
create or replace function core.rate_limit_take(p_subject text, p_limit integer, p_window interval)
returns table (allowed boolean, remaining integer, resets_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_now timestamptz := core.clock();
    v_used integer;
    v_is_new boolean;
    v_ends_at timestamptz;
    v_subject text;
begin
    if p_limit is null or p_limit < 0 or p_window is null or p_window <= '0' or p_window > '1 year' then
        raise exception 'the limit must be 0 or more, not %, and the window positive and at most a year, not %',
            coalesce(p_limit::text, 'null'), coalesce(p_window::text, 'null') using errcode = '22023';
    elsif length(p_subject) > 500 then
        raise exception 'the subject has % characters, at most 500 are allowed', length(p_subject) using errcode = '22001';
    end if;
    v_ends_at := v_now + p_window;
    insert into core.rate_bucket as b (tenant_id, subject, used, resets_at)
    values (v_tenant, p_subject, 1, v_ends_at)
    on conflict on constraint rate_bucket_pk do update set
        used = case when b.resets_at <= v_now then 1 else b.used + (b.used <= p_limit)::integer end,
        resets_at = case when b.resets_at <= v_now then excluded.resets_at else b.resets_at end
    returning b.used, b.resets_at, b.xmax = 0 into v_used, resets_at, v_is_new;
    allowed := v_used <= p_limit;
    remaining := greatest(p_limit - v_used, 0);
    -- only under read committed: at higher isolation levels, deleting rows that others delete would raise an error
    if v_is_new and current_setting('transaction_isolation') = 'read committed' then
        for v_subject in
            select o.subject
            from core.rate_bucket as o
            where o.tenant_id = v_tenant and o.resets_at <= v_now
            order by o.resets_at
            limit 2
            for update skip locked
        loop
            delete from core.rate_bucket as b where b.tenant_id = v_tenant and b.subject = v_subject;
        end loop;
    end if;
    return next;
end;
$$;

comment on function core.rate_limit_take(text, integer, interval) is
'Returns whether one more use is within the limit, the uses that remain and the end of the window. Errors: 22023 when the limit or the window is invalid; 22001 when the subject is longer than 500 characters; 42501 when no tenant is set.';

grant execute on function core.rate_limit_take(text, integer, interval) to stanchion_app, stanchion_loader;

-- revert: drop function core.rate_limit_take(text, integer, interval);
