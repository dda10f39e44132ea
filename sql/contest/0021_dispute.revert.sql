drop table contest.dispute;
