"""Mappings of a tenant, and mappings given to a load, decide how files are read. The archive needs neither."""

import psycopg
import pytest

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.mapped import event_csv_like_2022, tracking_csv
from stanchion.errors import StanchionError
from stanchion.ingest.loading import formats
from stanchion.ingest.loading.formats import put_mapping, remove_mapping, stored_mappings
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.loading.store import Store
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.paths import ROOT

TRACKING, EVENTS = (
    (ROOT / "docs" / "formats" / "mappings" / f"{name}.yaml").read_text() for name in ("tracking", "events-2022")
)
BOOK = book_game(0)


@pytest.fixture
def tracking(tmp_path):
    (tmp_path / "tracking.csv").write_bytes(tracking_csv([BOOK]))
    return tmp_path / "tracking.csv"


def put(league, text):
    with open_session(league.server, league.slug) as session:
        return put_mapping(session, read_mapping(text, "x"), text)


def stored(league):
    with open_session(league.server, league.slug) as session:
        return stored_mappings(session)


def test_file_is_read_with_the_mapping_of_the_tenant_only(league, make_league, tracking):
    other = make_league("other")
    assert put(league, TRACKING)
    assert not put(league, TRACKING), "the same mapping changes nothing"
    assert stored(league) == {"league tracking": TRACKING}
    assert stored(other) == {}
    assert league.load(tracking).outcomes == {"published": 1}
    assert other.load(tracking).outcomes == {"rejected": 1}
    assert league.one("select format from landing.revision") == "league tracking"
    assert league.published(7000) > 400


def test_mapping_given_to_a_load_is_not_stored(league, tracking):
    given = [read_mapping(TRACKING, "x")]
    assert league.load(tracking, mappings=given, dry_run=True).outcomes == {"published": 1}
    assert league.load(tracking, mappings=given, jobs=2).outcomes == {"published": 1}
    assert stored(league) == {}


def test_given_mapping_replaces_a_stored_one_of_the_same_name(league, tmp_path):
    put(league, TRACKING)
    (tmp_path / "events.csv").write_bytes(event_csv_like_2022([BOOK]))
    given = read_mapping(EVENTS.replace("club events", "league tracking"), "x")
    assert league.load(tmp_path, mappings=[given]).outcomes == {"published": 1}
    assert league.one("select format from landing.revision") == "league tracking"


def test_archive_is_read_without_the_mapping(league, tracking):
    put(league, TRACKING)
    league.load(tracking)
    before = league.digest()
    with open_session(league.server, league.slug) as session:
        remove_mapping(session, "league tracking")
        store = Store(session, 1, session.settings())
        content_hash = bytes(league.one("select content_hash from landing.revision"))
        with session.transaction() as conn:
            game = store._from_archive(conn, "7000", content_hash)
    assert (game.format, game.content_hash) == ("league tracking", content_hash)
    league.set("overtime_seconds", "600", "2020-01-01")  # other rules; the game is written again when it moves
    league.schedule(f"game_id,date,home_team,away_team\n7000,2026-02-02,{BOOK.home.name},{BOOK.away.name}\n")
    after = league.digest()
    assert after["landing.revision"] == before["landing.revision"]
    assert league.one("select played_on from contest.fixture").isoformat() == "2026-02-02"
    assert league.published(7000) > 400


def test_file_is_read_again_when_the_mappings_change(league, tracking):
    put(league, TRACKING)
    assert league.load(tracking).outcomes == {"published": 1}
    assert league.load(tracking).outcomes == {"unchanged": 1}
    put(league, TRACKING.replace("play: hit,", "play: takeaway,"))
    assert league.load(tracking, accept_shrink=True).outcomes.keys() <= {"published", "archived"}
    assert len(league.rows("select content_hash from landing.revision")) == 2


def test_order_of_files_and_loads_does_not_matter(make_league, tmp_path):
    books = [book_game(number) for number in range(4)]
    for number, book in enumerate(books):
        (tmp_path / f"{number}.csv").write_bytes(tracking_csv([book]))
    (tmp_path / "all.csv").write_bytes(tracking_csv(books))
    one, two = make_league("one"), make_league("two")
    for league in (one, two):
        put(league, TRACKING)
    one.load(tmp_path, jobs=3)
    for name in ("all", "2", "0", "3", "1", "2"):
        two.load(tmp_path / f"{name}.csv")
    assert one.digest() == two.digest()


def test_changes_are_audited_and_bad_ones_are_refused(league):
    put(league, TRACKING)
    with open_session(league.server, league.slug) as session:
        with pytest.raises(StanchionError, match=r"harbour has no mapping 'none' \(it has: league tracking\)"):
            remove_mapping(session, "none")
        remove_mapping(session, "league tracking")
        for name, text in (("", "x"), ("x", ""), ("x", "x" * 262145)):
            with pytest.raises(psycopg.errors.CheckViolation), session.transaction() as conn:
                conn.execute("select landing.put_format(%s, %s)", [name, text])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction() as conn:
            conn.execute("insert into landing.format (name, mapping) values ('x', 'x')")
    actions = sorted(league.rows("select action, subject from core.audit_log"))
    assert [action for action in actions if action[0].startswith("format")] == [
        ("format.put", "league tracking"),
        ("format.remove", "league tracking"),
    ]


def test_stored_mapping_that_cannot_be_read_ends_a_load_before_it_begins(league, tracking):
    with open_session(league.server, league.slug) as session, session.transaction() as conn:
        conn.execute("select landing.put_format('old one', 'name: old one')")
    with pytest.raises(StanchionError, match="stanchion formats remove 'old one' --tenant harbour"):
        league.load(tracking)
    assert league.rows("select load_id from landing.load_batch") == []


def test_digest_is_empty_without_mappings_and_plug_ins(league):
    with open_session(league.server, league.slug) as session:
        assert formats.added_formats(session) == formats.Added()


def test_missing_path_begins_no_load(league, tmp_path):
    (tmp_path / "exports").mkdir()
    for dry_run in (False, True):
        with pytest.raises(StanchionError, match="The nearest name is"):
            league.load(tmp_path / "exprots", dry_run=dry_run)
    assert league.rows("select load_id from landing.load_batch") == []


def test_credentials_of_a_url_are_not_stored(league, monkeypatch):
    import fsspec

    fsspec.filesystem("memory").pipe("/bucket/game.csv", tracking_csv([BOOK]))
    put(league, TRACKING)
    url = ("memory://me:secret@bucket/game.csv?key=secret",)
    from stanchion.ingest.loading import run

    total = run.load(league.server, league.slug, url, files=("memory://bucket/game.csv",))
    assert total.outcomes == {"published": 1}
    assert league.one("select source from landing.load_batch") == "memory://bucket/game.csv"
    assert league.one("select path from landing.file") == "memory://bucket/game.csv"
