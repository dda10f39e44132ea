\set stream random(1, 500)
select append_and_notify('s' || :stream);
