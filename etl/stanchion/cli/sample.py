"""sample: write the exports of invented games."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stanchion.cli.output import count_of, shows_progress
from stanchion.dev.sample.folder import QUIRKINESS, write
from stanchion.errors import StanchionError


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write. It must be new or empty.",
)
@click.option("--games", type=click.IntRange(1), default=10, show_default=True, help="Number of games.")
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Seed of the random generator. The same seed yields the same files.",
)
@click.option(
    "--quirks",
    type=click.Choice(QUIRKINESS),
    default="repr",
    show_default=True,
    help="Variation of the files: none, repr (other spellings of the same content), or all (also damaged files).",
)
@click.option("--csv", "with_csv", is_flag=True, help="Also write the games as event CSV, to load for another tenant.")
def sample(out: Path, games: int, seed: int, quirks: str, with_csv: bool) -> None:
    """Write sample exports of games, with the expected results.

    Each game has a folder with its roster, two autosaves and the complete export or backup. Every fourth game is a
    workbook. truth.json contains the expected value of each statistic; with --quirks all, it also contains the damage
    of each file and the expected outcome. All names are invented.

    \b
    Example:
        stanchion sample --games 40 --out league
        stanchion sample --games 12 --seed 7 --quirks all --csv --out damaged
        stanchion games schedule load league/schedule.csv --tenant harbour
        stanchion load league/exports --tenant harbour
    """
    if out.exists() and any(out.iterdir()):
        raise StanchionError(f"{out} is not empty; choose a new or empty folder.")
    with click.progressbar(length=games, label="playing", file=sys.stderr, hidden=not shows_progress()) as bar:
        write(out, games, seed, quirks, with_csv, lambda _: bar.update(1))
    files = sum(1 for path in out.rglob("*") if path.is_file())
    click.echo(f"{count_of(games, 'game')} in {count_of(files, 'file')} below {out}.")
