"""An issuer of tokens: its keys, and an HTTP server that publishes them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.serve.web import claims


def new_key(algorithm: str) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: Any) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Issuer:
    """Keys by their kid, as (algorithm, private key)."""

    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    requests: int = 0
    url: str = ""
    broken: bool = False

    def add(self, kid: str, algorithm: str) -> Any:
        key = new_key(algorithm)
        self.keys[kid] = (algorithm, key)
        return key

    def token(self, kid: str, tenant: str | None, **changes: Any) -> str:
        algorithm, key = self.keys[kid]
        return jwt.encode(claims(tenant, **changes), key, algorithm=algorithm, headers={"kid": kid})

    def document(self) -> bytes:
        made = []
        for kid, (algorithm, key) in self.keys.items():
            to_jwk = RSAAlgorithm.to_jwk if algorithm == "RS256" else ECAlgorithm.to_jwk
            made.append(to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "alg": algorithm, "use": "sig"})
        made.append({"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"})
        made.append({"kty": "EC", "kid": "malformed", "crv": "P-256", "x": "?", "y": "?"})
        return json.dumps({"keys": made}).encode()


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests += 1
            body = b"<html>" if issuer.broken else issuer.document()
            self.send_response(500 if issuer.broken else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}/keys"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
