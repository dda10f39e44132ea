"""The files of --pages are served to everybody, and nothing else of the machine is."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import run_stanchion
from tests.serve.web import Web, problem, serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with pages, a hidden file, and links to a file and a folder outside of it."""
    (tmp_path / "secret.txt").write_text("secret")
    pages = tmp_path / "pages"
    (pages / "team").mkdir(parents=True)
    (pages / "index.html").write_text("<title>first</title>")
    (pages / "team" / "a b.html").write_text("<title>team</title>")
    (pages / ".hidden").write_text("secret")
    (pages / "link.txt").symlink_to(tmp_path / "secret.txt")
    (pages / "out").symlink_to(tmp_path)
    return pages


@pytest.fixture
def pages(folder: Path, make_login: Callable[..., str]) -> Iterator[Web]:
    with serving(make_login("stanchion_app"), "--pages", str(folder), "--metrics") as web:
        yield web


def test_pages_need_no_sender_and_may_be_cached_by_their_tag(pages: Web) -> None:
    answer = pages.get("/pages/")
    assert (answer.status_code, answer.text) == (200, "<title>first</title>")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert pages.get("/pages/", If_None_Match=answer.headers["etag"]).status_code == 304
    assert pages.get("/pages/team/a%20b.html").text == "<title>team</title>"
    assert pages.client.head("/pages/index.html").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        ".hidden", "link.txt", "out/secret.txt", "../secret.txt", "%2e%2e/secret.txt", "team/..%2f..%2fsecret.txt",
        "..%5csecret.txt", "%00", "index.html%00.txt", "%2fetc%2fpasswd", "team", "team/", "x" * 300, "no.html", "%ff",
    ],
)  # fmt: skip
def test_only_files_of_the_folder_are_pages(pages: Web, path: str) -> None:
    asked = http.client.HTTPConnection(pages.url.removeprefix("http://"), timeout=30)  # httpx would resolve the dots
    asked.request("GET", f"/pages/{path}")
    with asked.getresponse() as answer:
        assert (answer.status, json.loads(answer.read())["detail"]) == (404, "not found")
    asked.close()


def test_other_methods_are_refused_and_metrics_have_one_label(pages: Web) -> None:
    assert problem(pages.client.post("/pages/index.html"))[0] == 405
    pages.get("/pages/one.html"), pages.get("/pages/index.html")
    metrics = pages.get("/metrics").text
    assert "/pages/{file}" in metrics
    assert "index.html" not in metrics


def test_without_the_option_there_are_no_pages(web: Web) -> None:
    assert problem(web.get("/pages/")) == (404, "not found")
    assert problem(web.get("/pages/index.html")) == (404, "not found")


def test_a_folder_that_does_not_exist_is_one_sentence() -> None:
    done = run_stanchion("serve", "--pages", "/no/such/folder")
    assert done.code == 2
    assert "Directory '/no/such/folder' does not exist" in done.err
