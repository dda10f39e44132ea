"""Build the site of a season: read the season, find the pages that changed, read their rows, and write them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stanchion.access.reader import Tenant
from stanchion.report import league as season_page
from stanchion.report.league import Row, reader, season_facts
from stanchion.report.page import render, style
from stanchion.report.site import league, names
from stanchion.report.site.game import game_facts, read_games
from stanchion.report.site.manifest import digest, open_folder
from stanchion.report.site.percentiles import GOALIE, SKATER, compare
from stanchion.report.site.player import percentile_facts, player_facts, read_players, with_percentiles
from stanchion.report.site.team import read_teams, team_facts
from stanchion.server.connection import Connection

Pages = Iterable[tuple[str, str]]
_SEPARATOR = "/"  # between the checksum of a page without the percentiles, and that of the percentiles
_SOURCES = Path(season_page.__file__).parent


@dataclass(frozen=True)
class SiteResult:
    """The numbers of pages of a folder after a run."""

    pages: int
    written: int
    removed: int


class Site:
    """The season of a tenant, and the inputs of each page."""

    def __init__(self, conn: Connection, tenant: Tenant, wanted: str | None, live: str | None) -> None:
        self.live = live
        self.rows = reader(conn, tenant, "report")
        self.own = reader(conn, tenant, "report/site")
        self.facts = season_facts(self.rows, tenant, wanted)
        self.season = self.facts["season"] and self.facts["season"]["season_key"]
        for row in self.facts["skaters"]:
            row["minutes"] = None if row["seconds_per_game"] is None else row["seconds_per_game"] / 60
            expected = row["xg_for_on"] is not None and row["xg_for_on"] + row["xg_against_on"]
            row["xg_on_share"] = row["xg_for_on"] / expected if expected else None
        self.skaters = {row["person_key"]: row for row in self.facts["skaters"]}
        self.goalies = {row["person_key"]: row for row in self.facts["goalies"]}
        self.among = {
            "skater": compare(self.facts["skaters"], SKATER),
            "goalie": compare(self.facts["goalies"], GOALIE),
        }
        self.games = {game["game_key"]: game for game in self.facts["games"]}
        played = {row["person_key"]: row["game_keys"] for row in self.own("appearances", season=self.season)}
        known = {row["person_key"]: row for row in self.own("persons")}
        self.played = played
        self.persons = {
            key: known.get(key, {"person_key": key, "person_name": key, "position": None, "latest_jersey": None})
            for key in played
        }
        self.names = {key: person["person_name"] for key, person in self.persons.items()}
        self.teams = {team["team_key"]: team for team in self.facts["teams"]}
        self.paths = {
            "game": {key: names.page_of("game", key) for key, game in self.games.items() if game["has_plays"]},
            "player": {key: names.page_of("player", key) for key in self.persons},
            "team": {key: names.page_of("team", key) for key in self.teams},
        }
        # the season's number of games is on no page of a game, player or team
        named = self.facts["season"] and self.facts["season"]["season_name"]
        self.frame = digest([_software(), self.facts["league"], self.season, named, live])

    def inputs(self) -> dict[str, dict[str, str]]:
        """Return a checksum of what each page of a game, player and team is built from."""
        of_game: dict[str, list[str]] = defaultdict(list)
        for person, keys in self.played.items():
            for key in keys:
                of_game[key].append(person)
        return {
            "game": {key: self._game_inputs(self.games[key], of_game[key]) for key in self.paths["game"]},
            "player": {key: self._player_inputs(key) for key in self.paths["player"]},
            "team": {key: self._team_inputs(key, of_game) for key in self.paths["team"]},
        }

    def _game_inputs(self, game: Row, persons: Iterable[str]) -> str:
        people = sorted((key, self.names[key]) for key in persons)
        linked = [self.facts["colours"].get(game[column], "") for column in ("home_team_key", "away_team_key")]
        official = str(self.facts["official"].get(game["game_key"], ""))
        return digest([self.frame, sorted(game.items()), people, linked, official])

    def _player_inputs(self, key: str) -> str:
        skater, goalie = self.skaters.get(key), self.goalies.get(key)
        standings = [
            (standing.measure.name, standing.percentile)
            for kind, row in (("skater", skater), ("goalie", goalie))
            if row
            for standing in self.among[kind].of(row)
        ]
        games = self._named(self.played[key])
        card = _without_ranks(skater), _without_ranks(goalie)
        sizes = [self.among[kind].players for kind in ("skater", "goalie")]
        return digest([self.frame, self.persons[key], card, games]) + _SEPARATOR + digest([standings, sizes])

    def _team_inputs(self, key: str, of_game: Mapping[str, Iterable[str]]) -> str:
        keys = [game["game_key"] for game in self.facts["team_games"].get(key, [])]
        games = self._named(keys)
        # the pairs of the page can contain any player of its games, also one who plays for another team now
        people = [self.persons[person] for person in sorted({person for game in keys for person in of_game[game]})]
        own = [row for _, _, lines in self.facts["tables"] for row in lines if row["team_key"] == key]
        players = [_without_ranks(row) for row in self.facts["team_skaters"].get(key, [])]
        in_net = [_without_ranks(row) for row in self.facts["goalies"] if row["team_key"] == key]
        met = sorted((str(pair), record) for pair, record in self.facts["records"].items() if pair[0] == key)
        gaps = sorted(self.facts["unrecorded"].items())
        return digest([self.frame, self.teams[key], games, people, own, players, in_net, met, gaps])

    def _named(self, keys: Iterable[str]) -> list[list[Any]]:
        """Return the version and the names of games. Marts of a running build can name a game that is gone."""
        games = [self.games[key] for key in keys if key in self.games]
        columns = ("game_key", "version", "is_counted", "has_plays", "home_team", "away_team", "played_on")
        return [[game[column] for column in columns] for game in games]

    def context(self, root: str = "") -> Row:
        """Return what every page needs. `root` is the way from the page to the folder of the site."""
        return {
            **self.facts,
            "root": root,
            "team_links": self.paths["team"],
            "player_links": self.paths["player"],
            "game_links": self.paths["game"],
            "quality_link": names.QUALITY,
            "files": names,
            "shown": league.shown,
            "live": self.live,
        }


def build_site(conn: Connection, tenant: Tenant, out: Path, wanted: str | None, live: str | None = None) -> SiteResult:
    """Write the pages of a tenant's season that changed into a folder, and remove those of games that are gone.

    With a competition in `live`, the site has a page that follows its games and standings.
    """
    with open_folder(out, str(tenant.tenant_id)) as folder:
        site = Site(conn, tenant, wanted, live)
        inputs = site.inputs()
        stale = {
            kind: [key for key, path in site.paths[kind].items() if not folder.is_current(path, inputs[kind][key])]
            for kind in names.FOLDERS
        }
        compared = [  # only the percentiles of these players changed
            key
            for key in stale["player"]
            if folder.differs_only_after(site.paths["player"][key], inputs["player"][key], _SEPARATOR)
        ]
        single = [names.LEAGUE, names.GAMES, names.PLAYERS, names.QUALITY, names.STYLE, names.SCRIPT]
        single += [names.LIVE, names.LIVE_SCRIPT] if live else []
        folder.announce([*single, *(site.paths[kind][key] for kind, keys in stale.items() for key in keys)])
        for name, text in _files(site):
            folder.put(name, text)
        for key, text in _compared_pages(site, out, compared):
            folder.put(site.paths["player"][key], text, inputs["player"][key])
        stale["player"] = [key for key in stale["player"] if site.paths["player"][key] not in folder.kept]
        for kind, write in (("game", _game_pages), ("player", _player_pages), ("team", _team_pages)):
            for key, text in write(site, stale[kind]):
                folder.put(site.paths[kind][key], text, inputs[kind][key])
        removed = folder.finish()
        return SiteResult(len(folder.pages), folder.written, removed)


def _files(site: Site) -> Pages:
    """Yield the files that every page uses, and the pages of the league."""
    yield names.STYLE, style("style.css", "site/site.css")
    yield names.SCRIPT, style("site/site.js")
    context = site.context()
    sparks, above = league.points_over_time(site.facts["team_games"])
    tables = {kind: lines for kind, _, lines in site.facts["tables"]}
    regular = tables.get("Regular") or tables.get("All") or []
    best = max((float(row["points"] or 0) for games in site.facts["team_games"].values() for row in games), default=0)
    yield (
        names.LEAGUE,
        render(
            "site/league.html",
            **context,
            trends=sparks,
            points_chart=league.chart_of_points(above, site.facts["team_names"]) if above else None,
            around=league.latest_and_next(site.facts["games"]),
            race=league.playoff_race(regular, site.facts["games"], best),
            skater_leaders=league.leaders(site.facts["skaters"], site.among["skater"]),
            goalie_leaders=league.leaders(site.facts["goalies"], site.among["goalie"]),
            among=site.among,
        ),
    )
    yield names.GAMES, render("site/games.html", **context)
    yield names.PLAYERS, render("site/players.html", **context, persons=site.persons)
    yield names.QUALITY, render("site/quality.html", **context)
    if site.live:
        yield names.LIVE_SCRIPT, style("site/live.js")
        yield names.LIVE, render("site/live.html", **context)


def _game_pages(site: Site, keys: list[str]) -> Pages:
    context = site.context("../")
    for game, found in read_games(site.own, [site.games[key] for key in keys]):
        yield game["game_key"], render("site/game.html", **context, **game_facts(game, found, site.names))


def _compared_pages(site: Site, out: Path, keys: list[str]) -> Pages:
    """Yield pages in which only the percentiles change. The rest is read from the page, instead of from the marts."""
    context = site.context("../")
    for key in keys:
        facts = percentile_facts(site.skaters.get(key), site.goalies.get(key), site.among)
        page = (out / site.paths["player"][key]).read_text(encoding="utf-8")
        text = with_percentiles(page, render("site/percentiles.html", **context, **facts))
        if text:
            yield key, text


def _player_pages(site: Site, keys: list[str]) -> Pages:
    context = site.context("../")
    for key, found in read_players(site.rows, site.own, site.season, keys):
        facts = player_facts(site.persons[key], found, site.skaters.get(key), site.goalies.get(key), site.among)
        yield key, render("site/player.html", **context, **facts)


def _team_pages(site: Site, keys: list[str]) -> Pages:
    context = site.context("../")
    found = read_teams(site.own, site.season, keys) if keys else {}
    for key in keys:
        games = site.facts["team_games"].get(key, [])
        facts = team_facts(site.teams[key], found[key], games, site.persons)
        yield key, render("site/team.html", **context, **facts, names=site.names)


def _without_ranks(row: Row | None) -> Row | None:
    """Return a row without the ranks among all players: the pages of players and teams do not contain them."""
    return row and {name: value for name, value in row.items() if not name.endswith("_rank")}


def _software() -> str:
    """Return a checksum of the code and the templates, so that a new version writes every page again."""
    files = sorted(path for path in _SOURCES.rglob("*") if path.suffix in (".py", ".html", ".css", ".js", ".sql"))
    return digest([path.read_text(encoding="utf-8") for path in files])
