"""The expected statistics of a sample game, counted while it is played."""

from dataclasses import dataclass, field
from typing import Any

Player = dict[str, Any]


@dataclass
class Truth:
    """The expected value of every statistic of a game."""

    players: dict[str, dict[str, dict[str, int]]] = field(default_factory=lambda: {"home": {}, "away": {}})
    teams: dict[str, dict[str, int]] = field(default_factory=lambda: {"home": {}, "away": {}})
    score: dict[str, dict[int, int]] = field(default_factory=dict)  # by side and period

    def count(self, side: str, player: Player, name: str, by: int = 1) -> None:
        counts = self.players[side].setdefault(player["num"], {})
        counts[name] = counts.get(name, 0) + by

    def count_both(self, side: str, player: Player, name: str, by: int = 1) -> None:
        """Add to a statistic of the player and of the team."""
        self.count(side, player, name, by)
        self.teams[side][name] = self.teams[side].get(name, 0) + by
