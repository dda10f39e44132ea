drop function workspace.tag_words(text[]);
