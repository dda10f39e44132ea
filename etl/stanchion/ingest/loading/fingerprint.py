"""The fingerprint that identifies files already loaded: a hash of the bytes without settings, and of load options."""

import hashlib
from datetime import date

import msgspec

_INVALID = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
READING = 2  # version of the reader: increase it when files already loaded must be read again

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
_undecoded = msgspec.json.Decoder(msgspec.Raw)


def fingerprint(data: bytes, given_on: date | None, accept_shrink: bool) -> bytes | None:
    """Return the fingerprint of a file, or None when it starts like JSON but is invalid.

    In invalid JSON, the settings cannot be separated from the rest, and a hash must not include them.
    """
    digest = hashlib.sha256(f"{READING} {given_on} {accept_shrink}\n".encode())
    text = data.removeprefix(b"\xef\xbb\xbf")
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        try:
            parts = _envelope.decode(text)
        except _INVALID:
            return None
        for key in sorted(parts):
            if "settings" not in key.lower():
                digest.update(f"{len(key)} {key} ".encode(errors="replace"))
                digest.update(parts[key])
    else:
        if start == b"[":
            try:
                _undecoded.decode(text)
            except _INVALID:
                return None
        digest.update(data)
    return digest.digest()


def with_path(mark: bytes, path: str) -> bytes:
    """Return the fingerprint of a document that contains parts of games, from the fingerprint of its bytes.

    Such a document may have the key of its game in the name of its file only. So equal documents of two games must have
    different fingerprints.
    """
    return hashlib.sha256(mark + path.encode(errors="surrogatepass")).digest()


def with_formats(mark: bytes, digest: bytes) -> bytes:
    """Return the fingerprint of a document that is read with added formats. Without any, it stays the same."""
    return hashlib.sha256(mark + digest).digest() if digest else mark
