"""A running `stanchion serve`, and tokens for it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from tests.conftest import PROGRAM

SECRET = "a secret of tokens with more than thirty-two bytes"
AUDIENCE = "authenticated"


def claims(tenant: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return the claims of a token that is accepted; None removes a claim."""
    base: dict[str, Any] = {"exp": time.time() + 600, "aud": AUDIENCE, "role": "authenticated"}
    if tenant is not None:
        base["app_metadata"] = {"tenant_id": tenant}
    return {name: value for name, value in (base | changes).items() if value is not None}


def token(tenant: str | None = None, *, secret: str = SECRET, **changes: Any) -> str:
    return jwt.encode(claims(tenant, **changes), secret, algorithm="HS256")


@dataclass
class Web:
    process: subprocess.Popen[str]
    url: str
    client: httpx.Client

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=_bearer(token) | _named(headers))

    def post(self, path: str, body: Any, token: str | None = None, **headers: str) -> httpx.Response:
        return self.client.post(path, json=body, headers=_bearer(token) | _named(headers))


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def serving(dsn: str, *args: str) -> Iterator[Web]:
    """Start the program on a free port, and end it with SIGTERM."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", *args],
        env=os.environ | {"DATABASE_URL": dsn, "STANCHION_JWT_SECRET": SECRET},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = []
    try:
        for line in process.stderr:
            seen.append(line)
            if found := re.search(r"serving (http://\S+)/", line):
                break
        else:
            raise AssertionError("".join(seen))
        with httpx.Client(base_url=found[1], timeout=30) as client:
            yield Web(process, found[1], client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stderr.close()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and detail of an answer that is an error in the form of RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = json.loads(answer.text)
    assert body["status"] == answer.status_code
    assert "Traceback" not in answer.text
    return answer.status_code, body["detail"]
