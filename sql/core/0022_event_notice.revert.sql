drop sequence core.event_notice;
