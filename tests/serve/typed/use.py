"""Uses the generated client for Python, and prints its answers as one object of JSON. Usage: use.py URL TOKEN KEY."""

import asyncio
import json
import sys

from league import AuthenticatedClient
from league.api.core import call_current_tenant, get_mart_versions
from league.api.marts import read_fact_team_game
from league.api.stock import call_add_item, call_buy, read_item
from league.models import AddItemArguments, BuyArguments, BuyResult, Item, Problem


def use(url: str, token: str, key: str) -> dict[str, object]:
    with AuthenticatedClient(url, token) as person, AuthenticatedClient(url, key) as program:
        games = read_fact_team_game.sync(client=person, score_for="gt.1", order="game_key,side", limit=5)
        assert isinstance(games, list)
        most: int = max(game.score_for for game in games if isinstance(game.score_for, int))
        counted = read_fact_team_game.sync_detailed(client=person, limit=1, select="side", prefer="count=exact")
        assert isinstance(counted.parsed, list)
        tenant = call_current_tenant.sync(client=program)
        versions = get_mart_versions.sync(client=program, models="{marts.fact_team_game}")
        assert isinstance(versions, list)
        hat = AddItemArguments(name="Hat", price=9.5, available=2)
        item = call_add_item.sync(client=program, body=hat)
        assert item is not None
        assert not isinstance(item, Problem)
        order = BuyArguments(item=item, qty=1, key="typed-python")
        sold = call_buy.sync(client=program, body=order, idempotency_key="typed-python")
        assert isinstance(sold, BuyResult)
        refused = call_add_item.sync(client=person, body=hat)
        assert isinstance(refused, Problem)
        wrong = read_fact_team_game.sync(client=person, score_for="gt.more")
        assert isinstance(wrong, Problem)
        return {
            "scores": [[game.game_key, game.side, game.score_for] for game in games],
            "most": most,
            "count": [counted.status_code, counted.headers["content-range"], len(counted.parsed)],
            "tenant": str(tenant),
            "versions": [[row.model, row.version] for row in versions],
            "item": str(item),
            "left": [row.available for row in asyncio.run(items(url, key, f"eq.{item}"))],
            "state": sold.state,
            "problems": [[each.status, each.code] for each in (refused, wrong)],
        }


async def items(url: str, key: str, item: str) -> list[Item]:
    async with AuthenticatedClient(url, key) as program:
        found = await read_item.asyncio(client=program, item_id=item)
        assert isinstance(found, list)
        return found


if __name__ == "__main__":
    print(json.dumps(use(*sys.argv[1:])))  # noqa: T201
