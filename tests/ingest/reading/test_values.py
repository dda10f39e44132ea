"""Conversion of single values, with the odd spellings that fuzzing found."""

import pytest

from stanchion.ingest.reading.values import (
    BadValueError,
    colour,
    coordinate,
    jersey,
    period,
    seconds,
    success,
    text,
    whole,
)


@pytest.mark.parametrize("blank", [chr(code) for code in range(0x110000) if chr(code).isspace()], ids=ascii)
def test_white_space_around_a_number_is_ignored(blank):
    assert coordinate(f"{blank}32.2{blank}") == 32.2
    assert whole(f"{blank}32{blank}") == 32
    assert seconds(f"{blank}32{blank}") == 32


def test_spellings_of_a_number_are_equal():
    for number, written in ((0.30000000000000004, "0.30000000000000004"), (5e-7, "5e-7"), (2e9, "2000000000")):
        assert coordinate(number) == coordinate(written) == number
    assert jersey(0) == jersey(0.0) == jersey(-0.0) == "0"
    assert success("1.0") is success(1.0) is True
    assert period(" ", 3) == period("", 3) == 0
    with pytest.raises(BadValueError):
        period("OT0", 3)


def test_length_of_text_is_measured_in_nfc():
    assert text("e\u0301" * 500) == "\u00e9" * 500
    with pytest.raises(BadValueError):
        text("\ufb2c" * 400)


def test_only_a_colour_is_a_colour():
    assert colour(" #36F ") == colour("#3366ff") == "#3366ff"
    others = (None, 7, {}, "", "red", "#12", "#12345g", "#1234567", '#123"/>', "#123456\n;", "#\uff11\uff12\uff13")
    assert {colour(other) for other in others} == {None}
