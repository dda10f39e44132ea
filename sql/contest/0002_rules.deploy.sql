-- The rules that a league may have of its own.
insert into core.config_key (module, key, value_type, minimum, default_value, description) values
('contest', 'periods', 'number', 1, '3', 'Regular periods of a game'),
('contest', 'period_seconds', 'number', 1, '1200', 'Length of a regular period'),
('contest', 'overtime_seconds', 'number', 0, '300', 'Length of overtime; 0 when there is none'),
('contest', 'points_win', 'number', 0, '2', 'Points in the standings for a win'),
('contest', 'points_tie', 'number', 0, '1', 'Points in the standings for a tie'),
('contest', 'points_loss', 'number', 0, '0', 'Points in the standings for a loss in regular time'),
('contest', 'points_overtime_loss', 'number', 0, '1', 'Points in the standings for a loss after regular time');
