-- The key of a team: its name in one spelling. The loader casefolds, which differs for a few letters such as ß.
create or replace function contest.team_key(p_name text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return normalize(lower(btrim(regexp_replace(normalize(p_name, nfc), '\s+', ' ', 'g'))), nfc);
end;
$$;

comment on function contest.team_key(text) is
'The name in NFC, runs of white space as one space, in lower case.';

-- revert: drop function contest.team_key(text);
