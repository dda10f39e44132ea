select take(1);
