"""The command: the logins that it accepts, its end, and its answers without a database."""

import signal
import socket
import threading
from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import Outcome, run_stanchion
from tests.serve.web import Web, problem, serving, token
from tests.sessions import Db


def test_a_process_answers_while_it_lives(web: Web) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json() == {"status": "ok"}
    assert problem(web.get("/no/such/path")) == (404, "not found")


def test_the_request_id_of_the_caller_is_kept(web: Web) -> None:
    assert web.get("/healthz", X_Request_Id="abc-1").headers["x-request-id"] == "abc-1"
    made = web.get("/healthz", X_Request_Id="a b" * 100).headers["x-request-id"]
    assert len(made) == 32, "an id with spaces or more than 200 characters is replaced"


def test_sigterm_ends_with_exit_code_0_after_the_requests_that_run(
    make_login: Callable[..., str], db: Db, tenants: dict[str, str]
) -> None:
    with (
        serving(make_login("stanchion_app"), "--timeout", "30") as web,
        psycopg.connect(db.info.dsn, password=db.info.password) as other,
    ):
        other.execute("lock table core.membership")  # the request waits for this lock
        answers = []
        waiting = threading.Thread(
            target=lambda: answers.append(web.get("/me", token(tenants["ours"], sub=tenants["ours"])).status_code)
        )
        waiting.start()
        while not db.execute("select from pg_locks where not granted").fetchall():
            pass
        web.process.send_signal(signal.SIGTERM)
        with pytest.raises(OSError):  # refused or reset: no new connection is accepted
            while True:
                socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2])), 1).close()
        other.rollback()
        waiting.join(30)
        assert answers == [200]
        assert web.process.wait(30) == 0


@pytest.mark.parametrize("role", ["stanchion_owner", "stanchion_worker"])
def test_a_login_with_more_rights_is_refused(make_login: Callable[..., str], role: str) -> None:
    done = run_stanchion("serve", "--port", "0", database_url=make_login("stanchion_app", role))
    assert (done.code, role in done.err, "stanchion login add web --as app" in done.err) == (1, True, True)


def test_a_superuser_and_a_stranger_are_refused(
    stanchion: Callable[..., Outcome], make_login: Callable[..., str]
) -> None:
    assert "it is a superuser" in stanchion("serve", "--port", "0").err
    done = run_stanchion("serve", "--port", "0", database_url=make_login())
    assert (done.code, "cannot become stanchion_app" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--jwt-secret", "short"], "The secret of the tokens has 5 bytes; HS256 needs at least 32."),
        (["--jwks-url", "http://id.example/keys"], "must begin with https://"),
        (["--jwks-url", "file:///etc/passwd"], "must begin with https://"),
        (["--host", "256.0.0.1"], "of 256.0.0.1 cannot be used"),
    ],
)
def test_a_wrong_option_is_one_sentence(make_login: Callable[..., str], args: list[str], sentence: str) -> None:
    done = run_stanchion("serve", "--port", "0", *args, database_url=make_login("stanchion_app"))
    assert (done.code, sentence in done.err, "Traceback" in done.err) == (1, True, False), done.err


def test_a_port_in_use_is_one_sentence(web: Web, make_login: Callable[..., str]) -> None:
    port = web.url.rpartition(":")[2]
    done = run_stanchion("serve", "--port", port, database_url=make_login("stanchion_app"))
    assert (done.code, f"The port {port} of 127.0.0.1 cannot be used" in done.err) == (1, True), done.err


def test_a_lost_database_is_503_and_comes_back(make_login: Callable[..., str], db: Db) -> None:
    login = make_login("stanchion_app")
    with serving(login) as web:
        assert web.get("/readyz").status_code == 200
        name = psycopg.conninfo.conninfo_to_dict(login)["user"]
        db.execute(f"alter role {name} nologin")
        db.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", [name])
        assert web.get("/readyz").status_code == 503
        assert web.get("/healthz").status_code == 200
        db.execute(f"alter role {name} login")
        while web.get("/readyz").status_code != 200:
            pass
