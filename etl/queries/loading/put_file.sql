-- What became of a game in a file.
insert into landing.file (
    tenant_id, load_id, file_no, game_no, path, format, bytes, fingerprint, outcome, reason, game_key, content_hash,
    seen, accepted, rejected, ignored
) values (
    %(tenant)s, %(load)s, %(file_no)s, %(game_no)s, %(path)s, %(format)s, %(bytes)s, %(fingerprint)s, %(outcome)s,
    %(reason)s, %(game)s, %(hash)s, %(seen)s, %(accepted)s, %(rejected)s, %(ignored)s
)
