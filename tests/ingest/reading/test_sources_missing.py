"""A path under which there is nothing is an error with the nearest existing name."""

import pytest

from stanchion.ingest.reading.sources import MissingPathError, documents, list_files


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("exports/season/one.json", "exports/season/two.json", "other.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("exprots", "There is no file or folder 'exprots'. The nearest name is 'exports'."),
        ("exports/seasno/one.jsn", "'exports/seasno/one.jsn'. The nearest name is 'exports/season/one.json'."),
        ("exports/season/three.json/x", "There is no file or folder 'exports/season/three.json/x'."),
        ("../other.csv", "There is no file or folder '../other.csv'."),
        ("zzz", "There is no file or folder 'zzz'."),
        ("", "There is no file or folder ''."),
        ("exports/*.jsn", "No file matches the pattern 'exports/*.jsn'."),
        ("file://exprots", "There is no file or folder 'exprots'. The nearest name is 'exports'."),
    ],
)
def test_missing_path_is_an_error_with_the_nearest_name(here, path, message):
    with pytest.raises(MissingPathError) as error:
        list_files(["other.csv", path])
    assert str(error.value).endswith(message)


def test_absolute_path_has_an_absolute_nearest_name(here):
    with pytest.raises(MissingPathError) as error:
        list(documents([str(here / "exprots")]))
    assert str(error.value).endswith(f"The nearest name is '{here}/exports'.")


def test_files_of_folders_and_patterns_are_listed_in_order(here):
    assert list_files(["other.csv", "exports", "exports/season/t*.json", f"file://{here}/other.csv"]) == (
        "other.csv",
        "exports/season/one.json",
        "exports/season/two.json",
        "exports/season/two.json",
        f"{here}/other.csv",
    )
