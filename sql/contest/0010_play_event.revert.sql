drop table contest.play_event;
