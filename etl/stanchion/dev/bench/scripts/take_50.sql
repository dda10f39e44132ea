select take(50);
