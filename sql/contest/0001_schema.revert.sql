drop schema contest;
