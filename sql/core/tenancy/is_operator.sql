-- Returns whether the login of this connection operates the platform. It checks session_user, so a security definer
-- function that works for an application is not an operator, although its owner is.
create or replace function core.is_operator()
returns boolean
language sql
stable
parallel safe
return pg_has_role(session_user, 'stanchion_owner', 'member');

comment on function core.is_operator() is 'Returns true when the login of this connection is a member of stanchion_owner.';

-- revert: drop function core.is_operator();
