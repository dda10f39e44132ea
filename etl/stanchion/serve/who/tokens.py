"""JSON Web Tokens: HS256 with a secret, or RS256 and ES256 with the public keys of a JWKS."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from typing import Any

import jwt
from jwt import PyJWK

from stanchion.serve.problems import Problem
from stanchion.serve.settings import Settings

_REFETCH = 10.0  # seconds between two requests for an unknown key, so that forged tokens cause few of them
_KEEP = 600.0  # seconds after which the keys are fetched again: a key that was removed must end
_MOST = 1024 * 1024  # bytes of a JWKS
_KINDS = {"RSA": "RS256", "EC": "ES256"}


class Tokens:
    """Verifies tokens. The key decides the algorithm, and the token must have the same."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys: dict[str | None, tuple[PyJWK, str]] = {}
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token, or raise a problem with the reason for which it is refused."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _refused("the token is not a JSON Web Token") from None
        algorithm = header.get("alg")
        if algorithm == "HS256" and self._settings.jwt_secret is not None:
            return self._decode(token, self._settings.jwt_secret, "HS256")
        if algorithm in _KINDS.values() and self._settings.jwks_url is not None:
            key, own = await self._key(header.get("kid"))
            if own != algorithm:
                raise _refused(f"the token is signed with {algorithm}, but its key is for {own}")
            return self._decode(token, key, own)
        raise _refused(f"the algorithm {str(algorithm)[:20]!r} of the token is not accepted")

    def _decode(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.skew,
                options={"require": ["exp", "aud"], "verify_aud": self._settings.audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise _refused("the token has expired") from None
        except jwt.ImmatureSignatureError:
            raise _refused("the token is not valid yet") from None
        except jwt.MissingRequiredClaimError as e:
            raise _refused(f"the token has no claim {e.claim}") from None
        except jwt.InvalidAudienceError:
            raise _refused("the token is for another audience") from None
        except jwt.InvalidIssuerError:
            raise _refused("the token is from another issuer") from None
        except jwt.InvalidSignatureError:
            raise _refused("the signature of the token is wrong") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise _refused("the token is not valid") from None
        return claims

    async def _key(self, kid: Any) -> tuple[PyJWK, str]:
        if not isinstance(kid, str | None):
            raise _refused("the claim kid of the token is not text")
        age = time.monotonic() - self._fetched
        if age > _KEEP or (kid not in self._keys and age > _REFETCH):
            async with self._lock:  # of many requests with a new key, one fetches
                age = time.monotonic() - self._fetched
                if age > _KEEP or (kid not in self._keys and age > _REFETCH):
                    await self._fetch()
        found = self._keys.get(kid)
        if found is None:
            raise _refused("the key of the token is unknown")
        return found

    async def _fetch(self) -> None:
        url = str(self._settings.jwks_url)
        try:
            body = await asyncio.to_thread(_get, url)
            found = {key.get("kid"): key for key in json.loads(body)["keys"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            if self._keys:  # the keys that were read are still those of the issuer until their time is over
                self._fetched = time.monotonic() - _KEEP + _REFETCH
                return
            raise Problem(
                503, "the keys of the issuer cannot be read; try again", headers={"Retry-After": "5"}
            ) from None
        self._keys = {}
        for kid, text in found.items():
            algorithm = str(text.get("alg") or _KINDS.get(text.get("kty", "")))
            if algorithm not in _KINDS.values() or text.get("use", "sig") != "sig":
                continue  # keys for other purposes, and secrets, which nobody else may know
            try:
                self._keys[kid] = (PyJWK(text, algorithm=algorithm), algorithm)
            except (jwt.PyJWTError, ValueError):
                continue
        self._fetched = time.monotonic()


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the operator chose the URL; its scheme is checked
        return bytes(answer.read(_MOST))


def _refused(detail: str) -> Problem:
    return Problem(401, detail, code="PGRST301", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
