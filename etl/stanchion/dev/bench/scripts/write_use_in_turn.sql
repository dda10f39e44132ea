select public.write_use_in_turn();
