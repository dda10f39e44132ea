"""The tables of the dbt project, read from its files. dbt needs seconds to parse them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stanchion.marts.project import PROJECT

_CONFIG = re.compile(r"\{\{\s*config\((.*?)\)\s*\}\}", re.DOTALL)
_FOLDERS = {"marts": "replace_changed", "intermediate": "secure_view"}  # materialization of dbt_project.yml
_SCHEMAS = {"marts": "marts", "intermediate": "staging"}


@dataclass(frozen=True)
class Model:
    """A table of the marts, and the list of changes that it follows."""

    name: str
    changes: str  # loads or purchases
    is_always_compared: bool  # its sources change without a load
    is_of_games: bool  # computes each changed game, not every row of a changed tenant


def tables() -> list[Model]:
    """Return the tables that a build writes, by name."""
    return sorted(_tables(), key=lambda model: model.name)


def _tables() -> Iterator[Model]:
    for folder, usual in _FOLDERS.items():
        for path in (PROJECT / "dbt_project" / "models" / folder).rglob("*.sql"):
            found = _CONFIG.search(path.read_text(encoding="utf-8"))
            config = dict(re.findall(r"\b(materialized|changes|always)\s*=\s*'?(\w+)", found[1] if found else ""))
            kind = config.get("materialized", usual)
            if kind != "secure_view":
                yield Model(
                    f"{_SCHEMAS[folder]}.{path.stem}",
                    config.get("changes", "loads"),
                    config.get("always") == "true",
                    kind == "replace_changed",
                )
