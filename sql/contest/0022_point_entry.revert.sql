drop table contest.point_entry;
