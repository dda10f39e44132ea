-- Settings of a league: its rules, the share of events that a newer revision may lose, and its time zone.
insert into core.config_key (namespace, key, value_type, minimum, maximum, default_value, description) values
('contest', 'periods', 'integer', 1, 9, '3', 'Regular periods of a game'),
('contest', 'period_seconds', 'integer', 1, 7200, '1200', 'Length of a regular period'),
('contest', 'overtime_seconds', 'integer', 0, 7200, '300', 'Length of overtime; 0 when there is none'),
('contest', 'points_win', 'number', 0, 100, '2', 'Points in the standings for a win'),
('contest', 'points_regular_win', 'number', 0, 100, '0', 'Further points in the standings for a win in regular time'),
('contest', 'points_tie', 'number', 0, 100, '1', 'Points in the standings for a tie'),
('contest', 'points_loss', 'number', 0, 100, '0', 'Points in the standings for a loss in regular time'),
('contest', 'points_overtime_loss', 'number', 0, 100, '1', 'Points in the standings for a loss in overtime or in a shootout'),
('contest', 'shrink_percent', 'number', 0, 100, '10', 'Share of events in percent above which a newer revision that loses them is quarantined'),
('contest', 'source_order', 'array', null, null, '[]', 'Formats whose revision of a game is published before those of other formats'),
('contest', 'hours_ahead_of_utc', 'number', -12, 14, '0', 'Hours between the league clock and UTC, for games whose day is known only from the export time');

-- Columns of the marts of players, goalies and teams for which a source may contain official figures.
insert into core.config_key (namespace, key, value_type, default_value, description, items) values
(
    'contest', 'trusted_columns', 'array', '[]', 'Columns, such as shots_on_goal, in which a trusted game equals its official figures',
    array[
        'assists', 'blocks', 'decision', 'empty_net_goals', 'faceoffs_lost', 'faceoffs_won', 'first_assists', 'giveaways',
        'goals', 'goals_against', 'hits', 'minus', 'penalties', 'penalty_minutes', 'plus', 'plus_minus', 'points',
        'power_play_goals', 'power_plays', 'saves', 'score_for', 'second_assists', 'seconds', 'shifts',
        'short_handed_goals', 'shots_against', 'shots_on_goal', 'takeaways'
    ]
);

-- revert: delete from core.tenant_config
-- revert: where namespace = 'contest';
-- revert: delete from core.config_key
-- revert: where namespace = 'contest';
