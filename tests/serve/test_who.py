"""Who sends a request: tokens, API keys and host names, and the ones that are refused."""

import base64
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest

from stanchion.server.connection import for_tenant
from tests.serve.issuer import Issuer, issuing, new_key, public_pem
from tests.serve.web import Web, claims, problem, serving, token
from tests.sessions import Db

NOTHING = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture
def signed(make_login: Callable[..., str], issuer: Issuer) -> Iterator[Web]:
    """A server that accepts HS256 with a secret, and the keys of the issuer."""
    issuer.add("one", "RS256")
    issuer.add("two", "ES256")
    with serving(make_login("stanchion_app"), "--jwks-url", issuer.url) as web:
        yield web


def make_key(db: Db, slug: str, *scopes: str) -> str:
    with for_tenant(db, slug):
        return db.execute("select core.create_api_key('phone', %s)", [list(scopes)]).fetchone()[0]


def unsigned(tenant: str, header: dict[str, Any], signature: str = "") -> str:
    parts = [json.dumps(each).encode() for each in (header, claims(tenant))]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + f".{signature}"


def test_a_token_names_its_tenant(web: Web, tenants: dict[str, str]) -> None:
    for slug in ("ours", "theirs"):
        found = web.get("/me", token(tenants[slug])).json()
        assert (found["tenant"], found["tenant_id"], found["how"]) == (slug, tenants[slug], "token")
    assert problem(web.get("/me")) == (401, "the request has neither a token nor an API key")


CLAIMS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"exp": 1}, (401, "the token has expired")),
    ({"exp": None}, (401, "the token has no claim exp")),
    ({"exp": "tomorrow"}, (401, "the token is not valid")),
    ({"exp": 1e300}, (200, "")),
    ({"exp": float("inf")}, (401, "the token is not valid")),
    ({"nbf": 4_000_000_000}, (401, "the token is not valid yet")),
    ({"aud": None}, (401, "the token has no claim aud")),
    ({"aud": []}, (401, "the token has no claim aud")),
    ({"aud": "service"}, (401, "the token is for another audience")),
    ({"aud": ["other", "authenticated"]}, (200, "")),
    ({"app_metadata": None}, (403, "the token has no claim app_metadata.tenant_id, and the host name no tenant")),
    ({"app_metadata": "text"}, (403, "the token has no claim app_metadata.tenant_id, and the host name no tenant")),
    ({"app_metadata": {"tenant_id": NOTHING}}, (403, "the claim app_metadata.tenant_id names no active tenant")),
    (
        {"app_metadata": {"tenant_id": "' or true"}},
        (403, "the claim app_metadata.tenant_id names no active tenant"),
    ),
    ({"app_metadata": {"tenant_id": ["x"]}}, (403, "the claim app_metadata.tenant_id names no active tenant")),
    ({"user_metadata": {"tenant_id": NOTHING}}, (200, "")),
    ({"sub": "a\0b", "email": "x\0@y"}, (200, "")),
    ({"sub": 17}, (401, "the token is not valid")),
]


def test_a_token_that_does_not_fit_is_refused(web: Web, tenants: dict[str, str]) -> None:
    for changes, answer in CLAIMS:
        found = web.get("/me", token(tenants["ours"], **changes))
        if answer[0] == 200:
            assert (found.status_code, found.json().get("tenant")) == (200, "ours"), changes
        else:
            assert problem(found) == answer, changes


def test_the_clocks_may_differ_by_the_skew(make_login: Callable[..., str], tenants: dict[str, str]) -> None:
    with serving(make_login("stanchion_app"), "--skew", "60") as web:
        assert web.get("/me", token(tenants["ours"], exp=time.time() - 30)).status_code == 200
        assert web.get("/me", token(tenants["ours"], nbf=time.time() + 30)).status_code == 200
        assert problem(web.get("/me", token(tenants["ours"], exp=time.time() - 90))) == (401, "the token has expired")


def test_an_expired_token_ends_although_it_was_accepted(
    make_login: Callable[..., str], tenants: dict[str, str]
) -> None:
    with serving(make_login("stanchion_app"), "--skew", "0") as web:
        short = token(tenants["ours"], exp=time.time() + 1.5)
        assert web.get("/me", short).status_code == 200
        while (found := web.get("/me", short)).status_code == 200:
            time.sleep(0.05)
        assert problem(found) == (401, "the token has expired")


def test_a_forged_token_is_refused(signed: Web, issuer: Issuer, tenants: dict[str, str]) -> None:
    """Each attack uses correct claims, and fails only by its signature."""
    ours, key = tenants["ours"], issuer.keys["one"][1]
    good = token(ours)
    head, body, signature = good.split(".")
    other = token(tenants["theirs"]).split(".")[1]
    pem = public_pem(key)
    with pytest.MonkeyPatch.context() as patch:  # the library refuses to sign with a public key, an attacker does not
        patch.setattr("jwt.algorithms.is_pem_format", lambda _: False)
        confused = jwt.encode(claims(ours), pem, algorithm="HS256", headers={"kid": "one"})
    attacks = {
        token(ours, secret="another secret with more than thirty-two bytes"): "the signature of the token is wrong",
        f"{head}.{other}.{signature}": "the signature of the token is wrong",
        f"{head}.{body}.": "the signature of the token is wrong",
        unsigned(ours, {"alg": "none"}): "the algorithm 'none' of the token is not accepted",
        unsigned(ours, {"alg": "None", "kid": "one"}): "the algorithm 'None' of the token is not accepted",
        unsigned(ours, {"alg": None}): "the algorithm 'None' of the token is not accepted",
        unsigned(ours, {"alg": ["HS256"]}): "the algorithm \"['HS256']\" of the token is not accepted",
        unsigned(ours, {"alg": "HS256"}): "the signature of the token is wrong",
        confused: "the signature of the token is wrong",
        jwt.encode(claims(ours), "x" * 64, algorithm="HS512"): "the algorithm 'HS512' of the token is not accepted",
        jwt.encode(claims(ours), key, algorithm="RS256", headers={"kid": "two"}): (
            "the token is signed with RS256, but its key is for ES256"
        ),
        jwt.encode(claims(ours), new_key("RS256"), algorithm="RS256", headers={"kid": "one"}): (
            "the signature of the token is wrong"
        ),
        jwt.encode(claims(ours), key, algorithm="RS256", headers={"kid": "unknown"}): "the key of the token is unknown",
        jwt.encode(claims(ours), key, algorithm="RS256", headers={"kid": "../../etc/passwd"}): (
            "the key of the token is unknown"
        ),
        jwt.encode(claims(ours), key, algorithm="RS256"): "the key of the token is unknown",
        jwt.encode(claims(ours), key, algorithm="RS256", headers={"kid": "symmetric"}): (
            "the key of the token is unknown"
        ),
        jwt.encode(
            claims(ours), new_key("ES256"), algorithm="ES256", headers={"kid": "malformed", "jku": issuer.url}
        ): "the key of the token is unknown",
        "a.b.c": "the token is not a JSON Web Token",
        "x" * 4000: "the token is not a JSON Web Token",
    }
    assert signed.get("/me", good).status_code == 200
    for attack, sentence in attacks.items():
        assert problem(signed.get("/me", attack)) == (401, sentence), attack
    assert issuer.requests <= 2, "forged keys cause one request of the keys in ten seconds, not one each"


def test_keys_of_the_issuer_rotate(signed: Web, issuer: Issuer, tenants: dict[str, str], patience: float = 30) -> None:
    for kid in ("one", "two"):
        assert signed.get("/me", issuer.token(kid, tenants["ours"])).status_code == 200
    assert issuer.requests == 1
    issuer.add("three", "ES256")
    new, until = issuer.token("three", tenants["ours"]), time.monotonic() + patience
    while signed.get("/me", new).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert issuer.requests == 2
    issuer.broken = True
    fresh = issuer.token("one", tenants["ours"], sub="of a token that was not seen before")
    assert signed.get("/me", fresh).status_code == 200, "an issuer that fails does not stop the keys that were read"


def test_an_issuer_that_fails_is_503(make_login: Callable[..., str], issuer: Issuer, tenants: dict[str, str]) -> None:
    issuer.add("one", "RS256")
    issuer.broken = True
    with serving(make_login("stanchion_app"), "--jwks-url", issuer.url) as web:
        sent = issuer.token("one", tenants["ours"])
        assert problem(web.get("/me", sent)) == (503, "the keys of the issuer cannot be read; try again")
        issuer.broken = False
        assert web.get("/me", sent).status_code == 200


def test_a_server_without_keys_accepts_no_algorithm_of_keys(web: Web, tenants: dict[str, str]) -> None:
    sent = jwt.encode(claims(tenants["ours"]), new_key("RS256"), algorithm="RS256", headers={"kid": "one"})
    assert problem(web.get("/me", sent)) == (401, "the algorithm 'RS256' of the token is not accepted")


def test_an_api_key_acts_until_it_is_revoked(web: Web, db: Db, tenants: dict[str, str]) -> None:
    key = make_key(db, "ours", "read", "write")
    for headers in ({"X_Api_Key": key}, {"apikey": key}, {"Authorization": f"Bearer {key}"}):
        found = web.get("/me", **headers).json()
        assert (found["tenant"], found["how"], found["scopes"]) == ("ours", "key", ["read", "write"])
    wrong = [key[:-1], f"{key[:-1]}{'0' if key[-1] != '0' else '1'}", "stn_' or true --", "x" * 4000]
    wrong += [key.replace(tenants["ours"].replace("-", ""), tenants["theirs"].replace("-", ""))]
    for other in wrong:
        assert problem(web.get("/me", X_Api_Key=other)) == (401, "the API key is not valid")
    with for_tenant(db, "ours"):
        db.execute("select core.revoke_api_key('phone')")
    assert problem(web.get("/me", X_Api_Key=key)) == (401, "the API key is not valid"), "revoked at once"


def test_a_token_and_a_key_must_be_of_one_tenant(web: Web, db: Db, tenants: dict[str, str]) -> None:
    """The client of Supabase sends its key as apikey, and the token of the person who uses it."""
    key = make_key(db, "ours", "read")
    assert web.get("/me", token(tenants["ours"]), apikey=key).json()["how"] == "token"
    assert problem(web.get("/me", token(tenants["theirs"]), apikey=key)) == (
        403, "the token and the API key are of different tenants",
    )  # fmt: skip
    assert problem(web.get("/me", apikey=key, X_Api_Key=make_key(db, "theirs"))) == (
        400, "the request has two different API keys",
    )  # fmt: skip


def test_a_member_has_the_role_of_the_tenant(web: Web, db: Db, tenants: dict[str, str]) -> None:
    with for_tenant(db, "ours"):
        principal = str(db.execute("select core.add_member('ref@ours.example', 'Ref', 'editor')").fetchone()[0])
    sent = {
        "by address": ({"email": "Ref@Ours.example"}, "editor"),
        "by subject": ({"sub": principal}, "editor"),
        "not verified": ({"email": "ref@ours.example", "email_verified": False}, None),
        "another": ({"email": "fan@ours.example"}, None),
        "not a uuid": ({"sub": "auth0|17"}, None),
    }
    for name, (changes, role) in sent.items():
        found = web.get("/me", token(tenants["ours"], **changes)).json()
        assert (found["role"], "write" in found["scopes"]) == (role, role is not None), name
        assert web.get("/me", token(tenants["theirs"], **changes)).json()["role"] is None


def test_a_suspended_tenant_is_closed(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    key = make_key(db, "theirs", "read")
    with for_tenant(db, "theirs"):
        db.execute("select core.set_tenant_status('suspended')")
    with serving(make_login("stanchion_app")) as web:
        assert problem(web.get("/me", X_Api_Key=key)) == (401, "the API key is not valid")
        assert problem(web.get("/me", token(tenants["theirs"]))) == (
            403, "the claim app_metadata.tenant_id names no active tenant",
        )  # fmt: skip
        assert web.get("/me", token(tenants["ours"])).status_code == 200


@contextmanager
def at(db: Db, slug: str, host: str) -> Iterator[None]:
    with for_tenant(db, slug):
        db.execute("select core.add_tenant_domain(%s)", [host])
    yield


def test_a_host_name_opens_only_what_its_tenant_publishes(web: Web, db: Db, tenants: dict[str, str]) -> None:
    host = "stats.ours.example"
    with at(db, "ours", host):
        assert web.get("/me", Host=host).status_code == 401, "a tenant that publishes nothing is closed"
        with for_tenant(db, "ours"):
            db.execute("""select core.set_tenant_config('serve', 'published', '["marts.standings"]')""")
        for name in (host, f"{host}:8080", host.upper(), f"{host}."):
            assert web.get("/me", Host=name).json()["how"] == "anonymous"
        for name in ("other.example", f"{host}.evil.example", "", "%00", "' or true"):
            assert web.get("/me", Host=name).status_code == 401, name


def test_a_host_name_of_another_tenant_is_refused(web: Web, db: Db, tenants: dict[str, str]) -> None:
    with at(db, "theirs", "stats.theirs.example"):
        expected = (403, "the host name belongs to another tenant than the token or the API key")
        assert problem(web.get("/me", token(tenants["ours"]), Host="stats.theirs.example")) == expected
        assert problem(web.get("/me", X_Api_Key=make_key(db, "ours"), Host="stats.theirs.example")) == expected


def test_a_token_without_tenant_needs_a_member_of_the_host(web: Web, db: Db, tenants: dict[str, str]) -> None:
    with for_tenant(db, "ours"):
        db.execute("select core.add_member('ref@ours.example', 'Ref', 'viewer')")
    with at(db, "ours", "a.example"), at(db, "theirs", "b.example"):
        sent = token(email="ref@ours.example")
        assert web.get("/me", sent, Host="a.example").json()["role"] == "viewer"
        assert problem(web.get("/me", sent, Host="b.example")) == (
            403, "the sender is not a member of the tenant of this host name",
        )  # fmt: skip


def test_smuggled_headers_are_refused(web: Web, tenants: dict[str, str]) -> None:
    ours, theirs = token(tenants["ours"]), token(tenants["theirs"])
    port = int(web.url.rpartition(":")[2])

    def bearer(sent: str) -> str:
        return f"Authorization: Bearer {sent}\r\n"

    requests = {
        f"GET /me HTTP/1.1\r\nHost: x\r\n{bearer(ours)}{bearer(theirs)}\r\n": b"400",
        f"GET /me HTTP/1.1\r\nHost: x\r\nHost: y\r\nAuthorization: Bearer {ours}\r\n\r\n": b"400",
        f"GET /me HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer {ours}\r\n\r\n": b"400",
        f"GET /me HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {ours}\r\n\r\n": b"401",
        "POST /me HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /": b"400",
        "GET /me\r\nHTTP/0.9\r\n\r\n": b"400",
        "\0\0\0\0\r\n\r\n": b"400",
    }
    for request, status in requests.items():
        with socket.create_connection(("127.0.0.1", port), 10) as sender:
            sender.sendall(request.encode())
            answer = sender.recv(65536)
        assert answer.split(b" ", 2)[1] == status, (request, answer)
