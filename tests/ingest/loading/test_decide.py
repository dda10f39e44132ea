"""The published revision depends on the set of revisions only, not on the order in which they arrived."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from stanchion.ingest.loading.decide import Choice, Revision, decide, position

TEN = Decimal(10)
START = datetime(2026, 1, 1, tzinfo=UTC)


def revision(name: str, minute: int | None, events: int, *, accepted: bool = False, empty: bool = False) -> Revision:
    exported_at = None if minute is None else START + timedelta(minutes=minute)
    return Revision(name.encode(), exported_at, events, empty, accepted)


def published(*revisions: Revision, choice: Choice | None = None) -> str | None:
    content_hash, _ = decide(revisions, choice, TEN)
    return content_hash.decode() if content_hash else None


def test_newest_is_published_and_others_are_archived() -> None:
    content_hash, states = decide([revision("b", 2, 100), revision("a", 1, 100)], None, TEN)
    assert (content_hash, states) == (b"b", {b"a": "archived", b"b": "published"})


def test_empty_revision_never_replaces_another() -> None:
    assert published(revision("a", 1, 100), revision("b", 2, 0, empty=True)) == "a"
    assert published(revision("b", 2, 0, empty=True)) is None


def test_losing_over_a_tenth_is_quarantined_unless_accepted() -> None:
    assert published(revision("a", 1, 100), revision("b", 2, 90)) == "b"
    content_hash, states = decide([revision("a", 1, 100), revision("b", 2, 89)], None, TEN)
    assert (content_hash, states[b"b"]) == (b"a", "quarantined")
    assert published(revision("a", 1, 100), revision("b", 2, 89, accepted=True)) == "b"


def test_overtaken_quarantined_revision_is_archived() -> None:
    _, states = decide([revision("a", 1, 100), revision("b", 2, 50), revision("c", 3, 100)], None, TEN)
    assert states == {b"a": "archived", b"b": "archived", b"c": "published"}


def test_choice_overrides_known_revisions_but_not_later_ones() -> None:
    a, b, c = revision("a", 1, 100), revision("b", 2, 100), revision("c", 3, 100)
    chosen = Choice(b"a", b.position)
    assert published(a, b, choice=chosen) == "a"
    assert published(a, b, revision("late", 0, 100), choice=chosen) == "a"
    assert published(a, b, c, choice=chosen) == "c"
    withdrawn = Choice(None, b.position)
    assert published(a, b, choice=withdrawn) is None
    assert published(a, b, c, choice=withdrawn) == "c"


def test_one_source_is_published_and_its_revisions_are_compared_with_each_other_only() -> None:
    plays = replace(revision("a", 1, 50), source="plays")
    tracked = [revision("b", 2, 100), revision("c", 3, 100)]
    chain = (plays, *tracked)

    def first_of(*sources: str, choice: Choice | None = None) -> bytes | None:
        return decide(chain, choice, TEN, sources)[0]

    assert first_of("tracker", "plays") == b"c"
    assert first_of("plays", "tracker") == b"a", "fewer events than another source are no loss"
    assert first_of() == b"c", "the tracker records more than an unknown source"
    assert first_of("tracker", choice=Choice(b"a", tracked[-1].position)) == b"a"
    assert decide((replace(plays, is_empty=True), *tracked), None, TEN, ("plays",))[0] == b"c"


def test_order_is_by_export_time_then_by_hash() -> None:
    assert published(revision("z", None, 100), revision("a", 1, 100)) == "a"
    assert published(revision("b", 1, 100), revision("a", 1, 100)) == "b"
    assert position(None, b"x") < position(START, b"")


def merge(name: str, rank: str, events: int) -> Revision:
    return Revision(name.encode(), None, events, events == 0, is_accepted=False, rank=rank)


def test_last_merge_replaces_the_others_whatever_they_contain() -> None:
    """A merge of fewer documents may have more events, and whether it exists depends on the order of arrival."""
    first, second, last = merge("c", "01 plays", 100), merge("b", "02 info plays", 90), merge("a", "03 info", 50)
    assert published(first, second, last) == published(last) == "a"
    _, states = decide([last, second, first], None, TEN)
    assert states == {b"a": "published", b"b": "archived", b"c": "archived"}


def test_last_merge_is_compared_with_exports_and_choices() -> None:
    export, last = revision("x", None, 100), merge("a", "01 plays", 50)
    _, states = decide([export, last], None, TEN)
    assert states == {b"x": "published", b"a": "quarantined"}
    chosen = Choice(b"b", merge("c", "02 plays", 60).position)
    assert published(merge("b", "01 plays", 60), merge("c", "02 plays", 60), choice=chosen) == "b"
    assert published(merge("b", "01 plays", 60), merge("c", "03 plays", 60), choice=chosen) == "c"


revisions = st.lists(
    st.builds(
        revision,
        st.text("abcdef", min_size=1, max_size=3),
        st.one_of(st.none(), st.integers(0, 5)),
        st.integers(0, 20),
        accepted=st.booleans(),
        empty=st.booleans(),
    ),
    unique_by=lambda each: each.content_hash,
)


@given(revisions, st.randoms(use_true_random=False))
def test_any_order_gives_the_same(found: list[Revision], order: random.Random) -> None:
    expected = decide(found, None, TEN)
    order.shuffle(found)
    assert decide(found, None, TEN) == expected
    content_hash, states = expected
    assert list(states.values()).count("published") == (content_hash is not None)
    assert (content_hash is None) == all(each.is_empty for each in found)
