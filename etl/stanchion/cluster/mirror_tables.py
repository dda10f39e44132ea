"""The tables of the mirror: the sources of the marts, with the columns that dbt's staging models read.

tests/marts/test_mirror.py fails when a staging model reads a source or a column that is not listed here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

PREFIX = "mirror_"  # contest.fixture is mirrored as mirror_contest.fixture
STATE = "mirror_state"  # schema of the progress of the mirror


class Kind(Enum):
    """The unit in which the rows of a table are replaced, and what makes them due."""

    GAME = "the rows of one game, when its load id is new"
    DAY = "the rows of one game on its day, in partitions by month, when its load id is new"
    LOADS = "added rows, by load id"
    APPENDED = "added rows, by transaction of the tenant's node"
    WHOLE = "every row of one tenant, when their digest differs"


@dataclass(frozen=True)
class Mirrored:
    """One table or view that is mirrored."""

    source: str
    kind: Kind
    key: tuple[str, ...]  # empty for rows that may be equal
    columns: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()  # besides the key

    @property
    def target(self) -> str:
        """The name of the mirrored table."""
        return PREFIX + self.source

    @property
    def name(self) -> str:
        """The name without the schema."""
        return self.source.partition(".")[2]

    @property
    def list(self) -> str:
        """The columns, for an SQL statement. Their names need no quotes."""
        return ", ".join(self.columns)

    @property
    def copied(self) -> str:
        """The columns that are read from the source. The mirror has transaction ids of its own server."""
        return ", ".join(column for column in self.columns if column != "transaction_id")


def _table(source: str, kind: Kind, key: str, others: str, *indexes: str) -> Mirrored:
    """Return a table from its columns separated by spaces. The columns of the key come first."""
    columns = tuple(key.split()) + tuple(others.split())
    return Mirrored(source, kind, tuple(key.split()), columns, tuple(tuple(index.split()) for index in indexes))


_GAME = "tenant_id played_on game_key"

TABLES = (
    _table("core.tenant", Kind.WHOLE, "tenant_id", "name kind"),
    _table("core.membership", Kind.WHOLE, "", "tenant_id is_active last_active_at", "tenant_id"),
    _table("contest.season", Kind.WHOLE, "tenant_id season_key", "name starts_on ends_on"),
    _table("contest.team", Kind.WHOLE, "tenant_id team_key", "colour name"),
    _table("contest.person", Kind.WHOLE, "tenant_id person_key", "name position"),
    _table(
        "contest.league_rules",
        Kind.WHOLE,
        "tenant_id valid_from",
        "valid_to points_win points_regular_win points_tie points_loss points_overtime_loss trusted_columns",
    ),
    _table("contest.competition", Kind.WHOLE, "tenant_id competition_key", "name kind format season_key"),
    _table("contest.player", Kind.WHOLE, "tenant_id competition_key person_key", "team_key"),
    _table(
        "contest.point_entry",
        Kind.WHOLE,
        "tenant_id competition_key team_key source version reason",
        "opponent_team_key game_key round points played won drawn lost score_for score_against entered_at",
    ),
    _table("workspace.document", Kind.WHOLE, "", "tenant_id updated_at", "tenant_id"),
    _table("workspace.dataset", Kind.WHOLE, "", "tenant_id updated_at", "tenant_id"),
    _table("workspace.usage_daily", Kind.WHOLE, "tenant_id used_on feature", "calls tokens cost last_used_at"),
    _table("stock.item", Kind.WHOLE, "tenant_id item_id", "name price received available sold withdrawn"),
    _table("landing.load_batch", Kind.LOADS, "tenant_id load_id", "state started_at finished_at", "load_id tenant_id"),
    _table(
        "contest.fixture",
        Kind.GAME,
        "tenant_id game_key",
        "season_key game_type home_team_key away_team_key played_on played_on_source status official_home "
        "official_away official_by_period tracked_home_team_key tracked_away_team_key is_swapped period_seconds "
        "penalty_minutes lacks content_hash load_id",
        "tenant_id load_id",
    ),
    _table(
        "contest.game_quality",
        Kind.GAME,
        "tenant_id game_key",
        "coverage flags agrees accepted_by accepted_reason accepted_at",
    ),
    _table(
        "contest.roster_entry",
        Kind.GAME,
        "tenant_id game_key side entry_no",
        "jersey person_key name position",
    ),
    _table("contest.official_figure", Kind.GAME, "tenant_id game_key scope side player_key period name", "value"),
    _table(
        "contest.play_event",
        Kind.DAY,
        f"{_GAME} event_no",
        "period type detail1 detail2 side zone success minutes gives_power_play strength is_empty_net start_s "
        "linked_group assist_to sequence_no play_no is_highlight",
    ),
    _table(
        "contest.play_participant",
        Kind.DAY,
        f"{_GAME} event_no participant_no",
        "role role_no side jersey name person_key detail1 detail2",
    ),
    _table("contest.play_point", Kind.DAY, f"{_GAME} event_no kind participant_no point_no", "x y"),
    _table("contest.stint", Kind.DAY, f"{_GAME} stint_no", "period start_s end_s stoppage_s start_type stop_type"),
    _table("contest.stint_player", Kind.DAY, f"{_GAME} stint_no side slot", "jersey name person_key"),
    _table(
        "stock.purchase",
        Kind.APPENDED,
        "tenant_id order_key",
        "item_id qty state price available decided_at transaction_id",
        "tenant_id item_id decided_at",
        "transaction_id",
    ),
    _table(
        "stock.movement",
        Kind.APPENDED,
        "tenant_id item_id movement_id",
        "kind qty available moved_at transaction_id",
        "tenant_id item_id moved_at",
        "transaction_id",
    ),
)

LOADS = next(table for table in TABLES if table.kind is Kind.LOADS)
FIXTURE = next(table for table in TABLES if table.source == "contest.fixture")
PURCHASE = next(table for table in TABLES if table.source == "stock.purchase")
SCHEMAS = tuple(dict.fromkeys(table.target.partition(".")[0] for table in TABLES))


def of_kind(*kinds: Kind) -> list[Mirrored]:
    """Return the tables of these kinds."""
    return [table for table in TABLES if table.kind in kinds]


def fingerprint() -> str:
    """Return a checksum of the list. A mirror that was made from another list is copied again."""
    return hashlib.sha256(repr(TABLES).encode()).hexdigest()
