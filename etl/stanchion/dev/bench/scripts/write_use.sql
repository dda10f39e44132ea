select public.write_use();
