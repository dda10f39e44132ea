"""The fingerprint that identifies files already loaded: a hash of the bytes without settings, and of load options."""

import hashlib
from datetime import date

import msgspec

READING = 1  # version of the reader: increase it when files already loaded must be read again

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])


def fingerprint(data: bytes, given_on: date | None, accept_shrink: bool) -> bytes | None:
    """Return the fingerprint of a file, or None when it starts like JSON but is invalid.

    In invalid JSON, the settings cannot be separated from the rest, and a hash must not include them.
    """
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
