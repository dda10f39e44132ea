drop table contest.offline_action;
