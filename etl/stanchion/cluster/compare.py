"""Compare the objects of a node with those of the coordinator, by the lines of their catalogs."""

from __future__ import annotations

import re

from stanchion.cluster.plan import Plan
from stanchion.deploy import catalog
from stanchion.server.connection import Connection

# Schemas without anything for the nodes stay on the coordinator, and rights are compared by rights.different_rights.
# Comments stay on the coordinator, and with them the mark of personal columns. Roles are compared with all their
# attributes by rights.missing_roles. Ranges of sequences differ by design. Event triggers, publications and
# subscriptions belong to one node.
_OF_ONE_NODE = (
    "grant ",
    "role ",
    "sequence ",
    "event trigger ",
    "publication ",
    "subscription ",
    "guard ",
    "default of ",
)


def node_differences(conn: Connection, there: Connection, plan: Plan) -> list[str]:
    """Return one line for each object of ours that a node lacks, has otherwise or has in addition."""
    return objects_differ(catalog.read_catalog(conn), catalog.read_catalog(there), plan)


def objects_differ(wanted: str, found: str, plan: Plan) -> list[str]:
    """Compare two catalogs without the objects that stay on the coordinator."""
    local = _local_pattern(plan)
    lines = catalog.compare(_shared(wanted, local), _shared(found, local))
    return [line.replace("gone: ", "missing: ", 1) for line in lines]


def _shared(text: str, local: re.Pattern[str]) -> str:
    kept = (
        line.removesuffix(" personal")
        for line in text.splitlines()
        if not line.startswith(_OF_ONE_NODE) and not local.search(line.split(": ", 1)[0])
    )
    return "\n".join(kept)


def _local_pattern(plan: Plan) -> re.Pattern[str]:
    """Return the pattern of the names of objects that stay on the coordinator, and of their parts."""
    relations = [table.name for table in plan.of("local")] + [name for name, _ in plan.local_views]
    relations += plan.local_relations
    functions = [function.name for function in plan.functions if function.local_reason]
    names = "|".join(re.escape(name) for name in relations)
    routines = "|".join(re.escape(name) for name in functions)
    return re.compile(rf"^schema | (?:(?:{names})(?:\.| |$)|(?:{routines})(?: |$))")
