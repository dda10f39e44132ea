drop table landing.choice;
