drop table contest.play_participant;
