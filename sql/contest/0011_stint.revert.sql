drop table contest.stint;
