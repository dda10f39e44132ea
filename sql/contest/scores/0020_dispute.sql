-- Disputed submissions. A dispute is settled by the next confirmed score of the fixture.
create table contest.dispute (
    tenant_id uuid not null,
    submission_key text not null,
    game_key text not null,
    reason text not null,
    side text not null,
    raised_by text not null,
    raised_at timestamptz not null,
    settled_at timestamptz,
    constraint dispute_pk primary key (tenant_id, submission_key),
    constraint dispute_submission_fk foreign key (tenant_id, submission_key)
    references contest.score_submission (tenant_id, submission_key) on delete cascade,
    constraint dispute_reason_given check (reason ~ '\S'),
    constraint dispute_side_known check (side in ('home', 'away', 'official')),
    constraint dispute_settled_after_it_began check (settled_at >= raised_at)
);
comment on table contest.dispute is 'One row per disputed submission.';
comment on column contest.dispute.settled_at is 'Time at which a score of the fixture was confirmed; null while the dispute is open.';

-- serves: the open disputes of a fixture
create index dispute_fixture_idx on contest.dispute (tenant_id, game_key);

-- revert: drop table contest.dispute;
