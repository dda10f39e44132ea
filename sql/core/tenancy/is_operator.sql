-- Returns whether the login of this connection operates the platform. It checks session_user, so a security definer
-- function that works for an application is not an operator, although its owner is.
--
-- The owner itself is not an operator. It cannot log in, except to the nodes of a cluster: there a function that runs as
-- the owner connects as the owner, for whatever login called it.
create or replace function core.is_operator()
returns boolean
language sql
stable
parallel safe
return session_user <> 'stanchion_owner' and pg_has_role(session_user, 'stanchion_owner', 'member');

comment on function core.is_operator() is 'Returns true when the login of this connection is a member of stanchion_owner, and not stanchion_owner itself.';

-- revert: drop function core.is_operator();
