drop schema stock;
