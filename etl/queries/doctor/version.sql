-- The server is one of those that Stanchion is tested on.
select
    format('Postgres %s is not among 15 to 18, on which Stanchion is tested.', current_setting('server_version')) as problem,
    'Use one that is.' as remedy
where current_setting('server_version_num')::integer not between 150000 and 189999
