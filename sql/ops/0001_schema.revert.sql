drop schema ops;
