"""What an answer depends on: the versions of marts, and the properties of the sender that policies look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_SCHEMA = "marts."  # of relations with a version
# Functions whose result is the same for all senders of a tenant, and at any time.
_STEADY = frozenset({"core.current_tenant()", "jsonb_to_recordset(jsonb)", "textanycat(text,anynonarray)"})
# Functions that follow the time. Every other function may look at the person.
_OF_TIME = frozenset({"core.clock()", "now()", "clock_timestamp()", "current_timestamp"})
# Functions that read only rows of the tenant, with no regard to the sender, and may be called with GET.
_OF_TENANT = frozenset({"contest.leaderboard"})
# Postgres reads these words as dates, which move while the version stays.
_MOVING = re.compile(rb"now|today|tomorrow|yesterday", re.IGNORECASE)


@dataclass(frozen=True)
class Basis:
    """The marts whose versions are the version of an answer, if it has one, and whether it is of one person only."""

    sources: tuple[str, ...] | None
    by_person: bool

    @classmethod
    def of_row(cls, reads: Iterable[str], functions: Iterable[str]) -> Basis:
        """Return the basis of a relation that reads these relations, with these functions in views and policies."""
        reads, functions = tuple(reads), frozenset(functions)
        is_versioned = functions <= _STEADY and all(name.startswith(_SCHEMA) for name in reads)
        return cls(reads if is_versioned else None, not functions <= _STEADY | _OF_TIME)


UNKNOWN = Basis(None, by_person=True)


def basis_of(bases: Mapping[str, Basis], relations: Iterable[str], query_string: bytes) -> Basis:
    """Return the basis of a request that reads all of these relations."""
    found = [bases.get(name, UNKNOWN) for name in sorted(relations)]
    by_person = any(each.by_person for each in found)
    sources = {name for each in found for name in each.sources or ()}
    is_versioned = all(each.sources for each in found) and not _MOVING.search(unquote_to_bytes(query_string))
    return Basis(tuple(sorted(sources)) if is_versioned else None, by_person)


def basis_of_call(function: str) -> Basis:
    return Basis(None, by_person=function not in _OF_TENANT)
