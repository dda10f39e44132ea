"""sample: invented exports to try things with."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stanchion.cli.options import some
from stanchion.dev.sample.folder import QUIRKINESS, write
from stanchion.errors import StanchionError


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder.")
@click.option("--games", type=click.IntRange(1), default=10, show_default=True, help="How many games.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed yields the same files.")
@click.option(
    "--quirks",
    type=click.Choice(QUIRKINESS),
    default="repr",
    show_default=True,
    help="How they are written: all alike, in every way that changes nothing, or with damage too.",
)
@click.option("--csv", "with_csv", is_flag=True, help="Write the same games as event CSV too, for another tenant.")
def sample(out: Path, games: int, seed: int, quirks: str, with_csv: bool) -> None:
    """Write invented exports in every shape, the league's schedule, and truth.json: what each statistic must be.

    Each game has a folder with its roster, two autosaves and the whole export or backup; every fourth is a workbook.
    With --quirks all, truth.json also says what is damaged and what must become of it. No person in it exists.

    \b
    Example:
        stanchion sample --games 40 --out league
        stanchion sample --games 12 --seed 7 --quirks all --csv --out damaged
        stanchion schedule load league/schedule.csv --tenant harbour
        stanchion load league/exports --tenant harbour
    """
    if out.exists() and any(out.iterdir()):
        raise StanchionError(f"{out} is not empty; name a folder that is new.")
    with click.progressbar(length=games, label="playing", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        write(out, games, seed, quirks, with_csv, lambda _: bar.update(1))
    files = sum(1 for path in out.rglob("*") if path.is_file())
    click.echo(f"{some(games, 'game')} in {some(files, 'file')} below {out}.")
