drop table contest.player;
