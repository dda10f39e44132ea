drop table contest.season;
