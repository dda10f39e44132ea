-- Makes a submission the result, and sends the winner on where one goes on.
create or replace function contest.settle(p_submission contest.score_submission, p_version bigint, p_by text)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version bigint;
begin
    v_version := contest.record(
        'contest.fixture', (p_submission).game_key, p_version, 'result.confirmed',
        jsonb_build_object(
            'submission', (p_submission).submission_key, 'home', (p_submission).home, 'away', (p_submission).away, 'by', p_by
        )
    );
    perform contest.advance((p_submission).game_key);
    return v_version;
end;
$$;

comment on function contest.settle(contest.score_submission, bigint, text) is
'The version of the fixture.';

-- revert: drop function contest.settle(contest.score_submission, bigint, text);
