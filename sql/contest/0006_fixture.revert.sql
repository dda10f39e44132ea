drop table contest.fixture;
