"""By what a file is recognised that was read before: its bytes without settings, and how it is read."""

import hashlib
from datetime import date

import msgspec

READING = 1  # raise it when the same bytes are to be read again

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])


def fingerprint(data: bytes, given_on: date | None, accept_shrink: bool) -> bytes | None:
    """None for what begins like JSON and is none: settings could not be told from the rest of it."""
    digest = hashlib.sha256(f"{READING} {given_on} {accept_shrink}\n".encode())
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        try:
            parts = _envelope.decode(data.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        for key in sorted(parts):
            if "settings" not in key.lower():
                digest.update(f"{len(key)} {key} ".encode(errors="replace"))
                digest.update(parts[key])
    else:
        digest.update(data)
    return digest.digest()
