drop table contest.score_submission;
