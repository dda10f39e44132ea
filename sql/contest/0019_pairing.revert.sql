drop table contest.pairing;
