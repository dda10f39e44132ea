"""Fixtures of the leg `--pg citus`: the nodes of a cluster, databases over them, and those of tests of functions."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from tests.cluster.databases import (
    DEPLOYED,
    DISTRIBUTED,
    ONE_HOME,
    Distributed,
    copied,
    make_one_home,
    make_templates,
)
from tests.cluster.nodes import Nodes, bindir, started
from tests.sessions import Db

if TYPE_CHECKING:
    from tests.conftest import Cluster

# Functions that a test replaces, such as core.clock(), are replaced on its own node only. A file of pgTAP is one
# message with SET LOCAL in it, which Citus would send to the other nodes as a whole.
OWN_NODE = "-c citus.enable_ddl_propagation=off -c citus.propagate_set_commands=none"


@pytest.fixture(scope="session")
def citus() -> Iterator[Nodes]:
    """Start a coordinator and two workers, with a deployed and a distributed database as templates."""
    from tests.conftest import open_folder

    with started(open_folder("stanchion-citus-")) as nodes:
        make_templates(nodes)
        yield nodes


@pytest.fixture
def distributed(citus: Nodes) -> Iterator[Distributed]:
    """Return a new copy of the distributed database."""
    with copied(citus, DISTRIBUTED) as database:
        yield database


@pytest.fixture(scope="module")
def one_cluster(citus: Nodes) -> Iterator[Distributed]:
    """Return a copy of the distributed database for all tests of a file, each of which makes tenants of its own."""
    with copied(citus, DISTRIBUTED) as database:
        yield database


@pytest.fixture
def undistributed(citus: Nodes) -> Iterator[Distributed]:
    """Return a deployed database on the coordinator, beside an empty database of the same name on each worker."""
    with copied(citus, DEPLOYED) as database:
        yield database


# -- the tests of functions, at the worker that has the shards of every tenant ---------------------


@pytest.fixture(scope="session")
def home_of_all(citus: Nodes) -> "Cluster":
    """Return the first worker as the server of the tests of functions."""
    from tests.conftest import Cluster

    make_one_home(citus)
    binaries = bindir()
    assert binaries
    return Cluster("127.0.0.1", citus.workers[0].port, "postgres", "", binaries)


@pytest.fixture
def copy_at_home(home_of_all: "Cluster", citus: Nodes) -> Iterator[Distributed]:
    """Return a new copy of the database whose tenants have their shards on the first worker."""
    with copied(citus, ONE_HOME) as database:
        yield database


@pytest.fixture
def db_at_home(copy_at_home: Distributed) -> Iterator[Db]:
    with copy_at_home.connect(copy_at_home.workers[0], options=OWN_NODE) as conn:
        yield conn


@pytest.fixture(scope="session")
def shared_home_dsn(home_of_all: "Cluster", citus: Nodes) -> Iterator[str]:
    with copied(citus, ONE_HOME) as database:
        yield make_conninfo(database.dsn(database.workers[0]), options=OWN_NODE)


@pytest.fixture
def make_login_at_home(copy_at_home: Distributed) -> Callable[..., str]:
    def make(*roles: str) -> str:
        return copy_at_home.dsn(copy_at_home.workers[0], user=copy_at_home.make_login(*roles))

    return make
