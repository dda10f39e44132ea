-- League rules of each tenant as typed columns, with the days between which they hold.
create or replace view contest.league_rules with (security_invoker = true) as
select
    e.tenant_id,
    e.valid_from,
    e.valid_to,
    (e.settings ->> 'periods')::integer as periods,
    (e.settings ->> 'period_seconds')::integer as period_seconds,
    (e.settings ->> 'overtime_seconds')::integer as overtime_seconds,
    (e.settings ->> 'points_win')::numeric as points_win,
    (e.settings ->> 'points_regular_win')::numeric as points_regular_win,
    (e.settings ->> 'points_tie')::numeric as points_tie,
    (e.settings ->> 'points_loss')::numeric as points_loss,
    (e.settings ->> 'points_overtime_loss')::numeric as points_overtime_loss,
    e.settings -> 'trusted_columns' as trusted_columns
from core.config_effective as e
where e.namespace = 'contest';

comment on view contest.league_rules is
'One row per tenant and span of days with the same rules: valid_from included, valid_to not.';

grant select on contest.league_rules to stanchion_app, stanchion_loader, stanchion_builder;

-- revert: drop view contest.league_rules;
