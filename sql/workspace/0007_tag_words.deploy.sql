-- The tags of a document as a text, for the words to search by. What turns arrays into text counts as depending on
-- the session, since it does for some types; for text it does not, and a generated column has to be told so.
create function workspace.tag_words(p_tags text[])
returns text
language sql
immutable
parallel safe
return array_to_string(p_tags, ' ');

comment on function workspace.tag_words(text[]) is 'The tags, with a space between.';
