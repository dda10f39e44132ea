-- Writes down what happened and what that comes to: the event, then its projection. Nothing else writes the tables of
-- competitions, so that reading the events again yields them again.
--
-- When and by whom goes into the event: what is projected from it may ask no clock and no session.
create or replace function contest.record(p_type text, p_stream text, p_expected bigint, p_event text, p_payload jsonb)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_payload jsonb := jsonb_build_object('at', core.clock(), 'by', core.actor()) || p_payload;
    v_version bigint;
begin
    v_version := core.append_events(
        p_type, p_stream, p_expected, jsonb_build_array(jsonb_build_object('type', p_event, 'payload', v_payload))
    );
    perform contest.project(p_type, p_stream, v_version, p_event, v_payload);
    return v_version;
end;
$$;

comment on function contest.record(text, text, bigint, text, jsonb) is
'The version of the stream with the event. Raises what core.append_events raises: 40001 when the stream is at another version than the expected one.';

-- revert: drop function contest.record(text, text, bigint, text, jsonb);
