drop table contest.station;
