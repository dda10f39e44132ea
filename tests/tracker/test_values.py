"""Single cells and values, as odd as fuzzing found them."""

import pytest

from etl.tracker.values import coordinate, seconds, whole


@pytest.mark.parametrize("blank", [chr(code) for code in range(0x110000) if chr(code).isspace()], ids=ascii)
def test_whatever_counts_as_blank_may_stand_beside_a_number(blank):
    assert coordinate(f"{blank}32.2{blank}") == 32.2
    assert whole(f"{blank}32{blank}") == 32
    assert seconds(f"{blank}32{blank}") == 32
