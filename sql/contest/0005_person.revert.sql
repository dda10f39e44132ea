drop table contest.person;
