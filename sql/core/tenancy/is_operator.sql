-- Whether the person at this connection runs the platform. It asks session_user, so a security
-- definer function that works for an application is not an operator, though its owner is.
create or replace function core.is_operator()
returns boolean
language sql
stable
parallel safe
return pg_has_role(session_user, 'stanchion_owner', 'member');

comment on function core.is_operator() is 'True when the login of this connection is a member of stanchion_owner.';

-- revert: drop function core.is_operator();
