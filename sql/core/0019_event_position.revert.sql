drop sequence core.event_position;
