"""Files at URLs are documents. Credentials in a URL reach neither a message nor a path."""

import gzip
import http.server
import io
import ssl
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import fsspec
import pytest

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import (
    MissingPathError,
    documents,
    documents_in,
    list_files,
    recent,
    remote,
    shown,
)

ARCHIVE = io.BytesIO()
with zipfile.ZipFile(ARCHIVE, "w") as _archive:
    _archive.writestr("in.json", "[]")
FILES = {
    "games/one.json": b"{}",
    "games/deep/two.json.gz": gzip.compress(b"[1]"),
    "games/.hidden": b"x",
    "games/all.zip": ARCHIVE.getvalue(),
    "other/odd[1].csv": b"a,b\n",
}


def content(document):
    try:
        with document.open() as stream:
            return stream.read()
    except UnreadableError as error:
        return str(error)


def contents(*urls):
    return {document.path: content(document) for document in documents(urls)}


@pytest.fixture
def memory():
    files = fsspec.filesystem("memory")
    for name, data in FILES.items():
        files.pipe(f"/bucket/{name}", data)
    yield "memory://bucket"
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def test_folders_and_patterns_are_read(memory):
    games = {
        f"{memory}/games/all.zip/in.json": b"[]",
        f"{memory}/games/deep/two.json.gz": b"[1]",
        f"{memory}/games/one.json": b"{}",
    }
    assert contents(f"{memory}/games") == contents(f"{memory}/games/") == games
    assert contents(f"{memory}/games/*.json") == {f"{memory}/games/one.json": b"{}"}
    assert contents(f"{memory}/**/two*") == {f"{memory}/games/deep/two.json.gz": b"[1]"}
    assert list_files([memory])[-1:] == (f"{memory}/other/odd[1].csv",)
    (odd,) = documents_in([f"{memory}/other/odd[1].csv"])
    assert content(odd) == b"a,b\n"


def test_missing_url_has_the_nearest_name(memory):
    with pytest.raises(
        MissingPathError, match=r"'memory://bucket/gmaes'. The nearest name is 'memory://bucket/games'\."
    ):
        list_files([f"{memory}/gmaes"])
    with pytest.raises(MissingPathError, match=r"No file matches the pattern 'memory://bucket/\*\.xml'\."):
        list_files([f"{memory}/*.xml"])
    (gone,) = documents_in([f"{memory}/gone.json"])
    assert content(gone) == "There is no file or folder at this URL."


def test_large_file_is_read_in_pieces_and_not_kept(memory, monkeypatch):
    monkeypatch.setattr(recent, "MAX_ITEM_BYTES", 10)
    fsspec.filesystem("memory").pipe("/bucket/big.csv", b"x" * 1000)
    (big,) = documents_in([f"{memory}/big.csv"])
    assert content(big) == content(big) == b"x" * 1000
    assert contents(f"{memory}/games/all.zip") == {f"{memory}/games/all.zip/in.json": b"[]"}


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("https://me:secret@host.example/a/b.json?sig=secret#secret", "https://host.example/a/b.json"),
        ("s3://key:secret@bucket/a@b.json", "s3://bucket/a@b.json"),
        ("https://secret@host", "https://host"),
        ("memory://bucket/a?secret/b", "memory://bucket/a"),
        ("games/a?b.json", "games/a?b.json"),
    ],
)
def test_shown_url_has_no_credentials(url, without):
    assert shown(url) == without


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense://user:secret@x/y", "nonsense:// is not a protocol that fsspec has a file system for."),
        ("zip://a::https://user:secret@x/y", "A chain of URLs is not read; archives at a URL are opened without one."),
        ("s3://key:secret@bucket/x", "s3:// needs a package; install it with: pip install s3fs"),
        ("https://user:secret@127.0.0.1:1/x", None),
    ],
)
def test_errors_have_one_sentence_without_credentials(url, reason):
    with pytest.raises((UnreadableError, MissingPathError)) as error:
        list_files([url])
    (document,) = documents_in([url])
    found = content(document)
    assert reason in (None, found)
    assert str(error.value) == f"{shown(url)}: {found}" or reason is None
    assert "secret" not in f"{error.value}{found}{document.path}"
    assert error.value.__cause__ is None


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UnreadableError, match=r"pip install 'stanchion\[remote\]'"):
        list_files(["s3://bucket/x"])


LIST = """
import sys, threading
from stanchion.ingest.reading.sources import list_files
print(list_files(sys.argv[1:]), threading.active_count())
"""


def test_listing_leaves_no_thread_in_a_process_that_forks(server):
    url = f"{server}/games/one.json"
    done = subprocess.run([sys.executable, "-c", LIST, url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"('{url}',) 1"


class Handler(http.server.SimpleHTTPRequestHandler):
    """A server of files without ranges, which asks for a password under /private."""

    def do_GET(self):
        if self.path.startswith("/private") and self.headers.get("Authorization") != "Basic bWU6c2VjcmV0":
            self.send_error(401)
        elif self.path.startswith("/broken"):
            self.send_error(500)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


def serve(folder, *certificate):
    for name, data in (FILES | {"private/one.json": b"{}"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Handler(*args, directory=str(folder)))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        found.socket = context.wrap_socket(found.socket, server_side=True)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    return found


@pytest.fixture
def server(tmp_path):
    found = serve(tmp_path)
    yield f"http://127.0.0.1:{found.server_address[1]}"
    found.shutdown()
    found.server_close()


def test_files_of_a_web_server_are_read(server):
    assert contents(f"{server}/games/one.json?version=1") == {f"{server}/games/one.json": b"{}"}
    assert contents(f"{server}/games/*.json") == {f"{server}/games/one.json": b"{}"}
    assert set(contents(f"{server}/games/")) == {
        f"{server}/games/{name}" for name in ("one.json", "deep/two.json.gz", "all.zip/in.json")
    }
    with pytest.raises(MissingPathError, match="There is no file or folder"):
        list_files([f"{server}/games/none.json"])


def test_password_is_used_and_not_shown(server):
    with_password = server.replace("://", "://me:secret@")
    assert contents(f"{with_password}/private/one.json") == {f"{server}/private/one.json": b"{}"}
    (refused,) = documents_in([f"{server}/private/one.json"])
    assert content(refused) == "The storage refuses access; check the credentials."
    (broken,) = documents_in([f"{with_password}/broken"])
    assert content(broken) == "The server answered with status 500."


def test_large_file_of_a_web_server_without_ranges_is_streamed(server, monkeypatch):
    monkeypatch.setattr(recent, "MAX_ITEM_BYTES", 10)
    assert contents(f"{server}/games/all.zip") == {f"{server}/games/all.zip/in.json": b"[]"}


READ = """
import sys
from stanchion.ingest.reading.sources import documents_in
for document in documents_in(sys.argv[1:]):
    try:
        print(document.open().read())
    except Exception as error:
        print(error)
"""


@pytest.mark.slow
def test_certificate_of_a_web_server_is_checked(tmp_path):
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True
    )
    found = serve(tmp_path / "files", tmp_path / "cert.pem", tmp_path / "key.pem")
    try:
        url = f"https://127.0.0.1:{found.server_address[1]}/games/one.json"
        for env, printed in (
            ({"SSL_CERT_FILE": str(tmp_path / "cert.pem")}, "b'{}'"),
            ({}, "It cannot be read: the storage failed with ClientConnectorCertificateError."),
        ):
            done = subprocess.run(
                [sys.executable, "-c", READ, url], env=env, capture_output=True, text=True, check=True
            )
            assert done.stdout.strip() == printed
    finally:
        found.shutdown()
        found.server_close()


def test_remote_files_are_openable_repeatedly(memory):
    (document,) = documents_in([f"{memory}/games/one.json"])
    assert content(document) == content(document) == b"{}"
    assert isinstance(remote.source_of(f"{memory}/games/one.json").open(), io.BytesIO)
    assert Path("memory:").exists() is False
