-- Invitations to become a member. Only the hash of the token is stored, so a stolen dump admits no one.
--
-- Expiry is checked when the token is used. A new invitation to an address replaces an open one.
create table workspace.invitation (
    tenant_id uuid not null,
    invitation_id uuid not null default gen_random_uuid(),
    email text not null,
    role text not null,
    token_hash bytea not null,
    invited_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    constraint invitation_pk primary key (tenant_id, invitation_id),
    constraint invitation_tenant_fk foreign key (tenant_id) references core.tenant (tenant_id) on delete cascade,
    constraint invitation_token_unique unique (tenant_id, token_hash),
    constraint invitation_token_is_sha256 check (length(token_hash) = 32),
    constraint invitation_email_shape check (email = lower(email) and email like '_%@_%'),
    constraint invitation_role_known check (role in ('owner', 'admin', 'editor', 'viewer'))
);
comment on table workspace.invitation is 'One row per invitation: open until accepted_at or expires_at.';
comment on column workspace.invitation.email is 'Personal: invited address. Only its owner may accept.';

-- serves: workspace.invite, one open invitation per address
create unique index invitation_open_idx on workspace.invitation (tenant_id, email) where accepted_at is null;

-- revert: drop table workspace.invitation;
