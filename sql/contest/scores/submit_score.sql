-- Submits a score. It counts once a principal who is not on the side of the submitter confirms it, or when it was not
-- disputed in time.
--
-- The client chooses the key together with the score: the same key is permanently the same submission.
create or replace function contest.submit_score(
    p_game_key text, p_home integer, p_away integer, p_key text, p_expected bigint default null, out state text, out version bigint
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant uuid := core.tenant_to_write();
    v_fixture contest.fixture;
    v_known contest.score_submission;
    v_side text;
    v_due timestamptz;
begin
    if (length(p_key) between 1 and 200) is not true then
        raise exception 'the key of a submission must have 1 to 200 characters' using errcode = '22023';
    end if;
    v_fixture := contest.lock_fixture(p_game_key, null);
    version := v_fixture.version;
    select s.* into v_known
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.submission_key = p_key;
    if found then
        state := case
            when (v_known.game_key, v_known.home, v_known.away) = (p_game_key, p_home, p_away) then v_known.state else 'mismatch'
        end;
        return;
    elsif p_expected <> version then
        raise exception 'fixture % is at version %, expected %', p_game_key, version, p_expected using errcode = '40001';
    end if;
    v_side := contest.acting_side(p_game_key);
    if v_fixture.status = 'final' then
        raise exception 'fixture % is final: its result can only be amended', p_game_key using errcode = '55000';
    end if;
    perform 1
    from contest.score_submission as s
    where s.tenant_id = v_tenant and s.game_key = p_game_key and s.state = 'pending';
    if found then
        raise exception 'fixture % has a pending score: confirm or dispute that one', p_game_key using errcode = '55000';
    end if;
    perform contest.check_score(v_fixture, p_home, p_away);
    v_due := core.clock() + (core.setting('contest', 'confirm_seconds'))::integer * interval '1 second';
    state := 'pending';
    version := contest.record_event(
        'contest.fixture', p_game_key, version, 'score.submitted',
        jsonb_build_object('submission', p_key, 'home', p_home, 'away', p_away, 'side', v_side, 'due', v_due)
    );
    perform core.enqueue('contest.confirm', jsonb_build_object('submission', p_key), p_key, v_due);
end;
$$;

comment on function contest.submit_score(text, integer, integer, text, bigint) is
'Returns pending with the version of the fixture; the current outcome for a key that was submitted before; or mismatch when the key belongs to another score. Errors: 40001 when the fixture is at another version; 55000 when it is final, has no competition, or another score is pending; 22023 when the score or the key is invalid; P0002 when it does not exist; 42501 when the principal has no part in it.';

grant execute on function contest.submit_score(text, integer, integer, text, bigint) to stanchion_app;

-- revert: drop function contest.submit_score(text, integer, integer, text, bigint);
