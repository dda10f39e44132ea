-- Events of games: by the day of the game, kept permanently. Loads create the partitions that they need.
insert into core.partition_set (relation, days_ahead, days_kept, guard)
values ('contest.play_event', 1, null, 'contest.guard_play_day')
on conflict (relation) do update set
    days_ahead = excluded.days_ahead, days_kept = excluded.days_kept, guard = excluded.guard;

-- revert: delete from core.partition_set where relation = 'contest.play_event';
