"""A file of a tenant with any changed byte is refused, or its rows are unchanged."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stanchion.errors import StanchionError
from stanchion.transfer.bundle import Manifest, reading, writing

ROWS = b"tenant_id,name\n" + b"".join(b"1,team %d\n" % number for number in range(500))


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    file = tmp_path / "whole.zip"
    with writing(file) as writer:
        manifest = Manifest({"id": "1", "slug": "ours"}, "2026-11-30T00:00:00+00:00", "180000")

        def copy(write: Callable[[bytes], Any]) -> int:
            write(ROWS[:100])
            write(ROWS[100:])
            return 500

        manifest.tables["contest.team"] = writer.add("data", "contest.team", [["tenant_id", "uuid"]], copy)
        writer.finish(manifest)
    return file.read_bytes()


def rows_in(file: Path) -> bytes:
    with reading(file) as reader:
        reader.check()
        return b"".join(reader.parts("data", "contest.team"))


def test_rows_are_read_as_written(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "copy.zip"
    file.write_bytes(content)
    assert rows_in(file) == ROWS


@pytest.mark.parametrize("seed", range(5))
def test_a_changed_byte_changes_no_row(content: bytes, tmp_path: Path, seed: int) -> None:
    """Damage between the members, such as in their times, can go unnoticed."""
    chance, file, refused = random.Random(seed), tmp_path / "damaged.zip", 0
    for _ in range(400):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        file.write_bytes(damaged)
        try:
            assert rows_in(file) == ROWS
        except StanchionError:
            refused += 1
    assert refused > 200


def test_a_member_larger_than_the_manifest_says_is_not_read(content: bytes, tmp_path: Path) -> None:
    """A member that unpacks to gigabytes costs no more than the bytes of the manifest."""
    file = tmp_path / "copy.zip"
    file.write_bytes(content)
    with reading(file) as reader:
        reader.manifest.tables["contest.team"].bytes = 10
        with pytest.raises(StanchionError, match=r"damaged in data/contest\.team\.csv"):
            list(reader.parts("data", "contest.team"))
