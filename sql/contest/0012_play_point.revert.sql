drop table contest.play_point;
