-- What a load asks: how much a newer revision of a game may lose.
insert into core.config_key (module, key, value_type, minimum, maximum, default_value, description) values
('contest', 'shrink_percent', 'number', 0, 100, '10', 'A newer revision that loses more of the events is quarantined');
