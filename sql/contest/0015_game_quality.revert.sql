drop table contest.game_quality;
