"""Loading: what readers made of exports, into the database; every game at its old revision or its new one."""
