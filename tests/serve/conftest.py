"""A server of a deployed database with two tenants."""

from collections.abc import Callable, Iterator

import pytest

from tests.serve.web import Web, serving


@pytest.fixture
def web(make_login: Callable[..., str]) -> Iterator[Web]:
    with serving(make_login("stanchion_app")) as found:
        yield found
