-- as-deployer
-- Who works the jobs of all tenants: a role of its own, which sees who has any, and nothing else.
do $$
begin
    begin
        create role stanchion_worker nologin;
        comment on role stanchion_worker is 'Works the jobs of all tenants, in a transaction of one tenant at a time.';
    exception when duplicate_object then
        null;  -- made for another database of this cluster
    end;
    execute format('grant connect, temporary on database %I to stanchion_worker', current_database());
end;
$$;

grant usage on schema core to stanchion_worker;
