drop table contest.entrant;
