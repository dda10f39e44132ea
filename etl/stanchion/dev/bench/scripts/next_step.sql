\set game random(1, 100)
select public.next_step('cup/' || :game);
