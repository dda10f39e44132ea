-- Submitted scores. The client chooses the key, so that a repeated submission is permanently recognised as the same one.
create table contest.score_submission (
    tenant_id uuid not null,
    submission_key text not null,
    game_key text not null,
    home integer not null,
    away integer not null,
    -- pending -> confirmed: contest.confirm_score, or contest.confirm_due without an objection; disputed: contest.dispute_score
    state text not null default 'pending',
    side text not null,
    submitted_by text not null,
    submitted_at timestamptz not null,
    due_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    constraint score_submission_pk primary key (tenant_id, submission_key),
    constraint score_submission_fixture_fk foreign key (tenant_id, game_key) references contest.fixture (tenant_id, game_key),
    constraint score_submission_score_positive check (home >= 0 and away >= 0),
    constraint score_submission_state_known check (state in ('pending', 'confirmed', 'disputed')),
    constraint score_submission_side_known check (side in ('home', 'away', 'official')),
    constraint score_submission_decided_whole check (
        (state = 'pending') = (decided_at is null) and (decided_by is null) = (decided_at is null)
    )
);
comment on table contest.score_submission is 'One row per score submitted for a fixture.';
comment on column contest.score_submission.side is 'Side of the submitter; official for a submitter on neither side.';
comment on column contest.score_submission.due_at is 'Time at which the score counts as confirmed unless it was disputed.';
comment on column contest.score_submission.decided_by is 'Principal or login that confirmed or disputed the score, or time.';

-- serves: the submissions of a fixture, and the foreign key
create index score_submission_fixture_idx on contest.score_submission (tenant_id, game_key);
-- serves: one pending submission per fixture
create unique index score_submission_pending_idx on contest.score_submission (tenant_id, game_key) where state = 'pending';

-- revert: drop table contest.score_submission;
