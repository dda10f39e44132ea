drop table contest.competition;
