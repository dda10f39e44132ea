"""Damage files: values of a JSON tree, cells of a CSV file, the order and the number of their pieces, and bytes."""

import csv
import io
import json
import random
import re

from stanchion.ingest.reading.jsontext import without_callback

ODD_TEXTS = (
    "", " ", "home", "away", "OT", "SO", "Go", "null", "nan", "None", "true", "-", "x" * 501, "x" * 70_000, "Ä" * 260,
    "\x00", "a\x01\x1f\x7fb", "\u202e\u2028\x85", "\ufeff", "\ufffd", "e\u0301", "\U0001f3d2", "=1+1", '"', ",", "\r",
    "0", "-0", "-1", "+7", " 7 ", "7.0", "7.5", "07", "1_000", "0x10", "1e3", "1e999", "²", "٣", "１２", "9" * 40,
    "9" * 5000, "1.5", "1e-400", "0.001", "Infinity", "9223372036854775808", "-9223372036854775809", "2147483648",
    "12:30", "-1:00", "99:99", "0:60", "00:0.01", "1200:00", "20:00", "20:01", "12:30:00", "٣:٣٠", "1:2.3456789",
    "2026-01-16", "2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2/30/2026", "16/1/2026",
    "1/16/26", "20260116", "2026-W03", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "19000101_000000",
    "5 on 4", "5v5", "9v9", "6x5", "1x0", "0101", "1551", "99999", "517", "505", "8477476.0", "2018020001",
    "1900010000", "Hooking(99 min)", "PS-", "(maj)", "Unsuccessful Penalty Shot", "event_player_1", "opp_player_99999",
    "1 2 3",
)  # fmt: skip
ODD_NUMBERS = (
    0, -1, 1, 2, 5, 6, 7, 99, 100, 10**6, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.1, -0.0, 1e308, 1.5e-320, 7.0,
    float("nan"), float("inf"), 4102444800000,
)  # fmt: skip
_ODD_VALUES = (
    *ODD_TEXTS, *ODD_NUMBERS, "\ud800", "a\udfffb", None, True, False, [], {}, [[]], [{}], {"default": {}}, [None] * 9,
)  # fmt: skip
_MARK = "the place of text that json does not write"  # replaced after encoding
_NOT_WRITTEN = (
    "[" * 900 + "]" * 900, "[" * 100_000, '{"a":' * 400 + "1" + "}" * 400, "9" * 5000, "1e999", "-", "NaN", "",
)  # fmt: skip
_BYTES = (
    b"NaN", b"\\u0000", b'"\\ud800"', b"[[[[", b"\x00", b"1e999", b"}\n{", b'"', b"\xff", b"\r", b",", b"\xed\xa0\x80",
)  # fmt: skip
_LARGEST_TREE = 400_000  # bytes of a JSON file that is damaged as a tree
_LARGEST_TABLE = 4_000_000  # characters of a CSV file after the damage
_LONGEST_LIST = 3_000  # pieces of a list that is repeated


def places(tree):
    """Return every place in the tree as its container and key."""
    waiting = [tree]
    found = []
    while waiting:
        piece = waiting.pop()
        for key in list(piece) if isinstance(piece, dict) else range(len(piece)):
            found.append((piece, key))
            if isinstance(piece[key], dict | list):
                waiting.append(piece[key])
    return found


def with_values(tree, seed, values):
    """Return a copy of the tree with each value at a random place."""
    tree = copied(tree)
    rng = random.Random(seed)
    for value in values:
        found = places(tree)
        if found:
            container, key = rng.choice(found)
            container[key] = value
    return tree


def with_cells(rows, columns, seed, values):
    """Return a copy of the rows with each value in a random cell of these columns."""
    rows = [dict(row) for row in rows]
    rng = random.Random(seed)
    for value in values:
        rng.choice(rows)[rng.choice(columns)] = value
    return rows


def damaged(data, seed):
    """Return the file with one to eight kinds of damage: to its tree or cells, when it has these, and to its bytes."""
    rng = random.Random(seed)
    way = rng.randrange(8)
    if way > 0:
        data = _damaged_tree(data, rng) or _damaged_table(data, rng) or _damaged_bytes(data, rng)
    return _damaged_bytes(data, rng) if way < 2 else data


def copied(piece):
    """Return a copy of a tree that is not too deep."""
    if isinstance(piece, dict):
        return {key: copied(value) for key, value in piece.items()}
    return [copied(value) for value in piece] if isinstance(piece, list) else piece


# ---------------------------------------------------------------- JSON


def _damaged_tree(data, rng):
    """Return JSON with damaged places; None when the data is not JSON with places, or too large."""
    if len(data) > _LARGEST_TREE:
        return None
    inner = without_callback(data)
    try:
        tree = json.loads(inner)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict | list) or not tree:
        return None
    box = [tree]
    written = []
    for _ in range(rng.randint(1, 8)):
        _damage_place(box, rng, written)
    try:
        text = json.dumps(box[0], ensure_ascii=rng.random() < 0.8)
    except RecursionError:
        return None
    for number, piece in enumerate(written):
        text = text.replace(f'"{_MARK} {number}"', piece)
    encoding = "utf-16" if rng.random() < 0.02 else "utf-8-sig" if rng.random() < 0.05 else "utf-8"
    encoded = text.encode(encoding, "surrogatepass")
    match rng.randrange(60):
        case _ if inner != data:
            return data.replace(inner, encoded)
        case 0:
            return b"callbacks._0( " + encoded + b" );"
        case 1:
            return encoded.replace(b"\n", b"") + b"\n" + encoded
        case 2:
            return encoded + b"\n[]\n" + data
    return encoded


def _damage_place(box, rng, written):
    """Change one place of the tree in the box. Text that json cannot write is added to `written`."""
    found = places(box)
    container, key = rng.choice(found)
    value = container[key]
    match rng.randrange(12):
        case 0 | 1 | 2:
            container[key] = copied(rng.choice(_ODD_VALUES))
        case 3:
            other, place = rng.choice(found)
            container[key] = copied(other[place])
        case 4 if container is not box:
            del container[key]
        case 5 if isinstance(container, dict):
            container[rng.choice([*map(str, container), *ODD_TEXTS])] = container.pop(key)
        case 6 if isinstance(value, int | float) and not isinstance(value, bool):
            container[key] = rng.choice(
                [str(value), -value, value + 1, float(value) if abs(value) < 1e300 else 0, [value]]
            )
        case 6:
            container[key] = {"default": value} if isinstance(value, str) else str(value)[:1000]
        case 7 if rng.random() < 0.2:
            container[key] = f"{_MARK} {len(written)}"
            twice = f'1, "{key}": 2' if isinstance(container, dict) and re.fullmatch(r"\w+", str(key)) else "1"
            written.append(rng.choice([*_NOT_WRITTEN, twice]))
        case _:
            lists = [piece for piece, _ in found if isinstance(piece, list) and piece is not box]
            _damage_list(value if isinstance(value, list) else rng.choice(lists or [[]]), rng)


def _damage_list(pieces, rng):
    """Double, repeat, swap, reverse, shuffle or cut the pieces of a list."""
    if not pieces:
        return
    match rng.randrange(6):
        case 0:
            place = rng.randrange(len(pieces))
            pieces.insert(rng.randrange(len(pieces)), copied(pieces[place]))
        case 1:
            pieces += copied(pieces) * rng.choice([1, 1, 1, 1, min(50, _LONGEST_LIST // len(pieces))])
        case 2:
            one, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
            pieces[one], pieces[other] = pieces[other], pieces[one]
        case 3:
            pieces.reverse()
        case 4:
            rng.shuffle(pieces)
        case 5:
            del pieces[rng.randrange(len(pieces)) :]


# ---------------------------------------------------------------- CSV


def _damaged_table(data, rng):
    """Return CSV with damaged cells and rows; None when the data is not text with commas."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (ValueError, csv.Error):
        return None
    if not rows or len(rows[0]) < 2:
        return None
    for _ in range(rng.randint(1, 8)):
        _damage_row(rows, rng)
    text = io.StringIO(newline="")
    delimiter = rng.choice([*",,,,,,,,", ";", "\t", "|"])
    writer = csv.writer(text, delimiter=delimiter, lineterminator=rng.choice(["\n", "\r\n", "\n\n"]))
    try:
        writer.writerows(rows)
    except csv.Error:
        return None
    encoding = "utf-16" if rng.random() < 0.03 else "utf-8-sig" if rng.random() < 0.05 else "utf-8"
    return text.getvalue()[:_LARGEST_TABLE].encode(encoding, "surrogatepass")


def _damage_row(rows, rng):
    """Change a cell, a row, the header or the order of the rows."""
    if not rows:
        return
    number = rng.randrange(len(rows))
    row = rows[number]
    place = rng.randrange(len(row)) if row else 0
    match rng.randrange(12):
        case 0 | 1 | 2 | 3 if row:
            row[place] = rng.choice(ODD_TEXTS)
        case 4 if row:
            other = rng.choice(rows)
            row[place] = rng.choice(other) if other else ""
        case 5 if row:
            for other in rows[1:]:  # a whole column
                if place < len(other):
                    other[place] = row[place]
        case 6 if row:
            row[place : place + 1] = rng.choice([[], [row[place]] * 2, ["", ""], [row[place]] * 100])
        case 7:
            rows[number:number] = [list(row) for _ in range(rng.choice([1, 1, 1, 50]))]
        case 8:
            rows[1:] = rng.choice([rows[:0:-1], rng.sample(rows[1:], len(rows) - 1), rows[1:] + rows[1:], rows])
        case 9:
            del rows[rng.randrange(len(rows)) :]
        case 10:
            header = rows[0]
            if header:
                header[rng.randrange(len(header))] = rng.choice([*ODD_TEXTS, *header])
        case _:
            del rows[number]


# ---------------------------------------------------------------- bytes


def _damaged_bytes(data, rng):
    """Return the bytes with up to eight flipped, cut out, doubled or inserted pieces, or without an end."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data) or 1)
        match rng.randrange(5):
            case 0:
                data[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[place : place + rng.randrange(200)]
            case 2:
                data[place:place] = data[place : place + rng.randrange(200)]
            case 3:
                data[place:place] = rng.choice(_BYTES)
            case 4 if rng.random() < 0.2:
                del data[place:]
    return bytes(data)
