drop table contest.stint_player;
