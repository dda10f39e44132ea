-- What is kept with the key of an order, for whoever asks again.
create or replace function stock.answer(p_state text, p_reason text)
returns bytea
language sql
immutable
parallel safe
return convert_to(json_strip_nulls(json_build_object('state', p_state, 'reason', p_reason))::text, 'UTF8');

comment on function stock.answer(text, text) is 'The state and reason of an order as JSON.';

-- revert: drop function stock.answer(text, text);
