drop table contest.roster_entry;
