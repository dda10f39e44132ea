drop table contest.team;
