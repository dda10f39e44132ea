-- Limits of sessions by role. Operators change one with an update; `stanchion sessions enforce` ends sessions over a limit.
create table ops.session_limit (
    role_name text not null,
    transaction_s numeric not null,
    idle_s numeric not null,
    xid_s numeric not null,
    blocking_s numeric not null,
    locks numeric not null,
    connections_percent numeric not null,
    notify_percent numeric not null,
    constraint session_limit_pk primary key (role_name),
    constraint session_limit_role_known check (
        role_name in ('stanchion_analyst', 'stanchion_app', 'stanchion_worker', 'stanchion_loader', 'stanchion_builder')
    ),
    constraint session_limit_positive check (
        least(transaction_s, idle_s, xid_s, blocking_s, locks, connections_percent, notify_percent) > 0
    )
);
comment on table ops.session_limit is 'One row per role whose sessions have limits. Members of stanchion_owner and superusers have none.';
comment on column ops.session_limit.transaction_s is 'Longest transaction, in seconds.';
comment on column ops.session_limit.idle_s is 'Longest time without a statement inside a transaction, in seconds.';
comment on column ops.session_limit.xid_s is 'Longest transaction with a transaction id, in seconds: consumers receive no event of a later transaction.';
comment on column ops.session_limit.blocking_s is 'Longest wait of another session for a lock that the session holds, in seconds.';
comment on column ops.session_limit.locks is 'Number of locks that the session may hold.';
comment on column ops.session_limit.connections_percent is 'Share of max_connections that all sessions of the role may use together.';
comment on column ops.session_limit.notify_percent is 'Share of the notification queue from which on the session of the role with the oldest transaction is ended.';

insert into ops.session_limit
(role_name, transaction_s, idle_s, xid_s, blocking_s, locks, connections_percent, notify_percent)
values
('stanchion_analyst', 300, 60, 30, 30, 2000, 50, 10),
('stanchion_app', 900, 60, 300, 120, 5000, 90, 25),
('stanchion_worker', 900, 60, 300, 120, 5000, 90, 25),
('stanchion_loader', 3600, 300, 900, 300, 20000, 90, 50),
('stanchion_builder', 14400, 300, 7200, 600, 100000, 90, 50);

insert into ops.threshold (name, promise, threshold, unit) values
('session_limits', 'No session is near its limits (stanchion sessions lists them).', 50, '%');

-- revert: delete from ops.threshold where name = 'session_limits';
-- revert: drop table ops.session_limit;
