-- What a load asks: how much a newer revision of a game may lose, and on which day an export was made.
insert into core.config_key (module, key, value_type, minimum, maximum, default_value, description) values
('contest', 'shrink_percent', 'number', 0, 100, '10', 'A newer revision that loses more of the events is quarantined'),
('contest', 'hours_ahead_of_utc', 'number', -12, 14, '0', 'The clock of the league: on which day a game was of which only its export tells');
