-- Returns the body of a function without comments and without the contents of strings, so that patterns find only code.
create or replace function core.code_of(p_body text)
returns text
language sql
immutable
parallel safe
return regexp_replace(p_body, '--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/|('')(?:[^'']|'''')*('')', '\1\2', 'g');

comment on function core.code_of(text) is 'Returns the body without comments and with empty strings.';

-- revert: drop function core.code_of(text);
