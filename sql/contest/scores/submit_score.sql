-- Says what the score was. It counts once somebody who is not on the submitter's side confirms it, or when nobody
-- disputed it in time.
--
-- The key is the submitter's, made with the score: the same key is the same submission for ever.
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
    v_tenant uuid := core.required_tenant();
    v_fixture contest.fixture;
    v_known contest.score_submission;
    v_side text;
    v_due timestamptz;
begin
    if (length(p_key) between 1 and 200) is not true then
        raise exception 'the key of a submission has 1 to 200 characters' using errcode = '22023';
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
        raise exception 'the fixture is at version %, not %', version, p_expected using errcode = '40001';
    end if;
    v_side := contest.acting_side(p_game_key);
    if v_fixture.status = 'final' then
        raise exception 'the fixture is final: its result can only be amended' using errcode = '55000';
    elsif exists (
        select 1
        from contest.score_submission as s
        where s.tenant_id = v_tenant and s.game_key = p_game_key and s.state = 'pending'
    ) then
        raise exception 'a score of the fixture is pending: confirm or dispute that one' using errcode = '55000';
    end if;
    perform contest.check_score(v_fixture, p_home, p_away);
    v_due := core.clock() + (core.setting('contest', 'confirm_seconds'))::integer * interval '1 second';
    state := 'pending';
    version := contest.record(
        'contest.fixture', p_game_key, version, 'score.submitted',
        jsonb_build_object('submission', p_key, 'home', p_home, 'away', p_away, 'side', v_side, 'due', v_due)
    );
    perform core.enqueue('contest.confirm', jsonb_build_object('submission', p_key), p_key, v_due);
end;
$$;

comment on function contest.submit_score(text, integer, integer, text, bigint) is
'pending, with the version of the fixture; what became of it, for a key that was submitted before; mismatch: the key was for another score. Raises 40001 when the fixture is not at the expected version, 55000 when it is final, of no competition, or another score is pending, 22023 for a score or key that cannot be, P0002 for a fixture that there is not, 42501 for a principal who has no part in it.';

grant execute on function contest.submit_score(text, integer, integer, text, bigint) to stanchion_app;

-- revert: drop function contest.submit_score(text, integer, integer, text, bigint);
