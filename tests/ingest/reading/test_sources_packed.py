"""Compressed files and tar archives are opened by their content. Hostile ones are refused in bounded memory."""

import gzip
import io
import itertools
import random
import sys
import tarfile
import tracemalloc
import zipfile

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.sources import Document, documents, limits, recent
from stanchion.ingest.reading.sources.document import in_memory
from stanchion.ingest.reading.sources.expand import expand

PLAIN = {"one.json": b'{"a": 1}', "deep/two.csv": b"a,b\n1,2\n"}
TRUNCATED = "The archive ends too early: it was truncated."
DAMAGED = "It cannot be unpacked: the archive is damaged."


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False, write_checksum=False).compress(data)


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tarred(files: dict[str, bytes], *others: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for other in others:
            archive.addfile(other)
        for name, data in files.items():
            info = entry(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def content(document: Document) -> bytes | str:
    try:
        with document.open() as stream:
            return stream.read()
    except UnreadableError as error:
        return str(error)


def contents(data: bytes, path: str = "x") -> dict[str, bytes | str]:
    return {document.path: content(document) for document in expand(path, in_memory(data))}


COMPRESSED = {"tar": bytes, "tar.gz": gzip.compress, "tar.zst": zstd}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_of_a_tar_archive_are_documents(tmp_path, suffix, form):
    long = {f"{'n' * 90}/{'m' * 90}.json": b"{}"} | ({"é" * 60: b"[]"} if form != tarfile.USTAR_FORMAT else {})
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(COMPRESSED[suffix](tarred(PLAIN | long, form=form)))
    found = list(documents([str(tmp_path)]))
    expected = [(f"{path}/{name}", data) for name, data in (PLAIN | long).items()]
    assert [(document.path, content(document)) for document in found] == expected
    assert [content(document) for document in reversed(found)] == [data for _, data in reversed(expected)]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_compressed_file_is_a_document_with_the_name_of_its_content(tmp_path, compress):
    path = tmp_path / "42_pbp.json.gz"
    path.write_bytes(compress(b"[1]") + compress(b"[2]"))  # two parts, one after the other
    (found,) = documents([str(path)])
    assert (found.path, content(found), content(found)) == (str(path), b"[1][2]", b"[1][2]")
    assert found.name == str(path).removesuffix(".gz")


def test_suffix_of_the_name_does_not_matter():
    assert contents(gzip.compress(b"[]"), "a.json") == {"a.json": b"[]"}
    assert contents(b"[]", "a.json.gz") == {"a.json.gz": b"[]"}
    assert contents(gzip.compress(tarred(PLAIN)), "a.csv") == {f"a.csv/{name}": data for name, data in PLAIN.items()}


def test_archives_of_all_kinds_are_nested_twice_but_not_three_times():
    inner = {"zip": zipped, "tar": tarred, "tgz": lambda files: gzip.compress(tarred(files))}
    for (first, outer), (second, middle) in itertools.product(inner.items(), repeat=2):
        packed = outer({f"in.{second}": middle({"a.json": b"[]"}), "b.json.gz": gzip.compress(b"{}")})
        assert contents(packed) == {f"x/in.{second}/a.json": b"[]", "x/b.json.gz": b"{}"}, (first, second)
        third = outer({"in": middle({"c.json.gz": gzip.compress(b"[]")})})
        reason = "An archive nested in two other archives is not opened; unpack the outer archive first."
        assert contents(third) == {"x/in/c.json.gz": reason}, (first, second)
    assert contents(gzip.compress(gzip.compress(b"[]"))) == {"x": b"[]"}
    assert set(contents(gzip.compress(zipped(PLAIN)), "x.zip.gz")) == {"x.zip/one.json", "x.zip/deep/two.csv"}


def test_names_are_harmless_and_links_and_devices_are_ignored(tmp_path):
    outside = tmp_path / "secret.json"
    outside.write_text("secret")
    others = [
        entry("link.json", tarfile.SYMTYPE, str(outside)),
        entry("hard.json", tarfile.LNKTYPE, str(outside)),
        entry("device.json", tarfile.CHRTYPE),
        entry("pipe.json", tarfile.FIFOTYPE),
        entry("folder", tarfile.DIRTYPE),
    ]
    names = ["/etc/passwd", "../../up.json", "./here.json", ".hidden", "__MACOSX/a", "a\udcffb"]
    found = contents(tarred(dict.fromkeys(names, b"[]"), *others), "x.tar")
    assert found == dict.fromkeys(
        ["x.tar//etc/passwd", "x.tar/../../up.json", "x.tar/here.json", "x.tar/a\udcffb"], b"[]"
    )
    (tmp_path / "x.tar").write_bytes(tarred({"../up.json": b"[]"}))
    assert [content(document) for document in documents([str(tmp_path / "x.tar")])] == [b"[]"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.json", "x.tar"], "nothing was unpacked to disk"


@pytest.mark.parametrize("compress", COMPRESSED.values())
@pytest.mark.parametrize("kept", [300, 512, 1100, 1536, 2600])
def test_truncated_tar_archive_is_reported_after_its_whole_files(compress, kept):
    data = tarred({"a": b"a" * 700, "b": b"b" * 700})  # headers at 0 and 1536, data to 1212 and 2748
    found = contents(compress(data[:kept]))
    if kept == 300:
        assert found == {"x": data[:kept]}, "too short for a header"
        return
    assert found.get("x/a", b"a" * 700) == (b"a" * 700 if kept > 1212 else TRUNCATED)
    assert found["x"] == TRUNCATED
    assert found.get("x/b") in (None, TRUNCATED)


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_truncated_or_damaged_compressed_file_has_a_reason(compress):
    data = random.Random(1).randbytes(200_000)
    packed = compress(data)
    for cut in (len(packed) - 1, len(packed) // 2, 20):
        assert contents(packed[:cut]) == {"x": DAMAGED}, cut
    flipped = bytearray(gzip.compress(data))
    flipped[5000] ^= 0xFF
    assert contents(bytes(flipped)) == {"x": DAMAGED}
    rest = contents(compress(tarred({"a": data, "b": data}))[:150_000])
    assert set(rest.values()) == {DAMAGED}


def test_damaged_header_ends_the_archive_with_a_reason():
    data = bytearray(tarred({"a": b"1", "b": b"2", "c": b"3"}))
    data[1024] ^= 0xFF
    assert contents(bytes(data)) == {
        "x/a": b"1",
        "x": "The archive is damaged after this point; its other files were read.",
    }


def test_archive_without_files_has_a_reason():
    assert contents(tarred({}, entry("folder", tarfile.DIRTYPE))) == {
        "x": "The archive has 0 files; expected 1 to 20000."
    }


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr("stanchion.ingest.reading.sources.tars.MAX_MEMBERS", 3)
    found = contents(tarred({str(n): b"" for n in range(5)}))
    assert found["x"] == "The archive has more than 3 files; split it."
    assert len(found) == 4


def block(name: bytes, size: int, kind: bytes) -> bytes:
    """Return the header of a file with any size, which may be a lie."""
    info = tarfile.TarInfo(name.decode())
    info.type = kind
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    raw[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


@pytest.mark.parametrize("compress", COMPRESSED.values())
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.GNUTYPE_SPARSE])
@pytest.mark.parametrize("size", [2**40, 2**62, -5])
def test_size_that_is_a_lie_is_refused_without_memory(compress, kind, size):
    data = compress(block(b"a", size, kind) + b"x" * 5000)
    tracemalloc.start()
    found = contents(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(isinstance(reason, str) or size == -5 for reason in found.values())
    assert peak < 2**23


@pytest.mark.parametrize("header", [b"6 a=1", b"99999999999999999999 a=b\n", b"x path=y\n", b"0 a\n", b"-3 a=b\n"])
def test_damaged_extended_header_is_refused(header):
    data = block(b"a", len(header), tarfile.XHDTYPE) + header.ljust(512, b"\0") + block(b"b", 0, tarfile.REGTYPE)
    assert contents(data)["x"] == "The archive is damaged after this point; its other files were read."


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_bomb_is_refused_in_bounded_memory(compress):
    data = compress(b" " * 80 * 2**20)
    assert len(data) < 2**20
    tracemalloc.start()
    (document,) = expand("x", in_memory(data))
    with pytest.raises(UnreadableError, match="zip bomb"), document.open() as stream:
        while stream.read(2**20):
            pass
    assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_bomb_within_a_tar_archive_is_refused(compress, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ARCHIVE_BYTES", 2 * 2**20)
    many = contents(compress(tarred({str(n): b" " * 2**20 for n in range(9)})))
    assert "unpacks to more" in many["x"]
    assert len(many) < 4


def test_large_file_of_a_tar_archive_is_refused_by_its_size():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = entry("big")
        info.size = 80 * 2**20
        archive.addfile(info, io.BytesIO(b" " * info.size))
    assert contents(stream.getvalue()) == {"x/big": limits.BOMB}


def test_similar_files_may_be_packed_very_small(monkeypatch):
    monkeypatch.setattr(limits, "MAX_MEMBER_BYTES", 2**20)
    data = random.Random(1).randbytes(20_000)
    packed = zstandard.ZstdCompressor(level=19).compress(tarred({str(n): data for n in range(200)}))
    assert len(packed) * limits.MAX_RATIO < 200 * len(data), "the archive would be a bomb if it were one file"
    assert contents(packed) == {f"x/{n}": data for n in range(200)}


def test_contents_read_before_are_read_again_when_they_are_kept_no_more(monkeypatch):
    monkeypatch.setattr(recent, "_MAX_BYTES", 10)
    found = list(expand("x", in_memory(gzip.compress(tarred(PLAIN | {"big": b"b" * 100})))))
    assert [content(document) for document in found * 2] == [*PLAIN.values(), b"b" * 100] * 2


def test_sparse_file_is_refused():
    data = block(b"a", 512, tarfile.GNUTYPE_SPARSE) + bytes(512) + tarred({"b": b"[]"})
    assert contents(data) == {"x/a": "It is a sparse file, which is not read; pack it without holes.", "x/b": b"[]"}


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"BZh91AY&SY", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07\x00", "RAR")],
)
def test_other_archives_are_refused_by_name(start, name):
    reason = f"It is packed with {name}, which is not read; pack it as .zip, .tar.gz or .tar.zst."
    assert contents(start + b"x" * 99) == {"x": reason}
    assert contents(b"BZh,x\n1,2\n") == {"x": b"BZh,x\n1,2\n"}


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert contents(zstd(b"[]")) == {
        "x": "It is compressed with Zstandard, which needs a package; install it with: pip install 'stanchion[zst]'"
    }


def test_bytes_that_are_read_repeatedly_count_once(monkeypatch):
    monkeypatch.setattr(limits, "MAX_ARCHIVE_BYTES", 2**20)
    for data in (zipped({"a": b"a" * 900_000}), gzip.compress(tarred({"a": b"a" * 900_000}))):
        (document,) = expand("x", in_memory(data))
        for _ in range(4):
            assert content(document) == b"a" * 900_000


ARCHIVES = [zipped(PLAIN), tarred(PLAIN), gzip.compress(tarred(PLAIN)), zstd(tarred(PLAIN)), gzip.compress(b"[]" * 99)]


@given(
    number=st.integers(0, len(ARCHIVES) - 1), changes=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)))
)
@settings(max_examples=300, deadline=None)
def test_damage_anywhere_gives_documents_or_reasons(number, changes):
    data = bytearray(ARCHIVES[number])
    for place, value in changes:
        data[place % len(data)] = value
    for reason in contents(bytes(data)).values():
        assert isinstance(reason, bytes) or reason.endswith(".")
