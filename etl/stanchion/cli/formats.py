"""formats: list and check formats, and read other CSV and JSON files with mappings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stanchion.cli import completing
from stanchion.cli.load import existing_files, read_mappings
from stanchion.cli.options import database_option, json_option, open_server, tenant_option
from stanchion.cli.output import count_of, one_line, print_json, print_result, print_rows, print_table
from stanchion.errors import StanchionError
from stanchion.ingest.loading import formats as stored
from stanchion.ingest.loading.session import open_session
from stanchion.ingest.reading import recognise
from stanchion.ingest.reading.flags import FLAGS
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.propose import propose
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.ingest.reading.recognise import CsvFormat, Format, JsonFormat, PartsFormat, WorkbookFormat
from stanchion.ingest.reading.sources import documents_in
from stanchion.ingest.reading.trial import Trial, trials

of_tenant_option = click.option(
    "--tenant",
    metavar="SLUG",
    shell_complete=completing.tenants,
    help="Include the mappings of this tenant (default: none).",
)


@click.group()
def formats() -> None:
    """List formats, and read other CSV and JSON files with mappings."""


@formats.command("list")
@of_tenant_option
@json_option
@database_option
def formats_list(tenant: str | None, as_json: bool) -> None:
    """List the formats that are read, and what recognises each one.

    A file is read by the first format of its kind whose columns, keys or sheets it has. Mappings are tried first, then
    built-in formats, then plug-ins. The command needs a server only with --tenant.

    \b
    Example:
        stanchion formats list
        stanchion formats list --tenant harbour
    """
    rows = [
        {
            "name": name,
            "of": recognise.game_format(entry),
            "kind": _kind(entry),
            "from": origin,
            "recognised by": _needs(entry),
        }
        for name, origin, entry in _known(tenant)
    ]
    print_rows(as_json, rows, "No formats.")


@formats.command("show")
@click.argument("name")
@of_tenant_option
@json_option
@database_option
def formats_show(name: str, tenant: str | None, as_json: bool) -> None:
    """Show what recognises a format and, with --tenant, its mapping.

    \b
    Example:
        stanchion formats show "event csv"
        stanchion formats show "club events" --tenant harbour
    """
    texts = _stored(tenant)
    if name in texts:
        print_result(as_json, {"name": name, "mapping": texts[name]}, texts[name].rstrip("\n"))
        return
    known = [(origin, entry) for _, origin, entry in _known(None)]
    found = [(origin, entry) for origin, entry in known if entry.name == name]
    documents = found or [(origin, entry) for origin, entry in known if recognise.game_format(entry) == name]
    if not documents:
        raise StanchionError(f"There is no format '{name}'; stanchion formats list prints all formats.")
    facts: list[dict[str, Any]] = [
        {"name": entry.name, "kind": _kind(entry), "from": origin, "needs": [list(need) for need in entry.needs]}
        for origin, entry in documents
    ]
    text = "\n".join(_described(origin, entry) for origin, entry in documents)
    print_result(as_json, facts[0] if found else {"name": name, "documents": facts}, text)


@formats.command("check")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--mapping", "mappings", metavar="FILE", multiple=True, help="Mapping to try first (default: none).")
@json_option
def formats_check(paths: tuple[str, ...], mappings: tuple[str, ...], as_json: bool) -> None:
    """Read files without a server, and print what a load would find.

    Prints the format and the games of each file, the reasons of rejected rows, and odd data. PATH is as for stanchion
    load. The exit code is 1 when a file or a part of it is rejected, and 2 when there is nothing at a path.

    \b
    Example:
        stanchion formats check game.csv --mapping club.yaml
        stanchion formats check exports/
    """
    added = [format_of(mapping) for mapping in read_mappings(mappings)]
    found = list(trials(documents_in(existing_files(paths)), added))
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _print_trials(found)
    if not all(each.is_clean for each in found):
        click.get_current_context().exit(1)


@formats.command("new")
@click.argument("path", metavar="FILE")
@click.option("--name", default="new format", show_default=True, help="Name of the format.")
def formats_new(path: str, name: str) -> None:
    """Print a mapping that is proposed from a sample file.

    The columns and values of the file decide the proposal, and comments mark what to check. Nothing is stored.

    \b
    Example:
        stanchion formats new game.csv --name "club events" > club.yaml
    """
    sample = next(iter(documents_in(existing_files((path,)))))
    click.echo(propose(sample, name), nl=False)


@formats.command("add")
@click.argument("mapping", metavar="FILE")
@tenant_option
@json_option
@database_option
def formats_add(mapping: str, tenant: str, as_json: bool) -> None:
    """Store a mapping, which every later load of the tenant reads.

    A mapping with the same name is replaced. Games that are loaded stay as they are, because the archive contains the
    mapping that each game was read with.

    \b
    Example:
        stanchion formats add club.yaml --tenant harbour
    """
    (read,) = read_mappings((mapping,))
    with open_server() as server, open_session(server, tenant) as session:
        is_changed = stored.put_mapping(session, read, Path(mapping).read_text(encoding="utf-8-sig"))
    sentence = f"{tenant} {'reads' if is_changed else 'already had'} the mapping '{read.name}'."
    print_result(as_json, {"name": read.name, "changed": is_changed}, sentence)


@formats.command("remove")
@click.argument("name")
@tenant_option
@json_option
@database_option
def formats_remove(name: str, tenant: str, as_json: bool) -> None:
    """Remove a mapping of a tenant. Games that are loaded stay.

    \b
    Example:
        stanchion formats remove "club events" --tenant harbour
    """
    with open_server() as server, open_session(server, tenant) as session:
        stored.remove_mapping(session, name)
    print_result(as_json, {"name": name, "removed": True}, f"{tenant} does not read '{name}' any more.")


def _stored(tenant: str | None) -> dict[str, str]:
    if tenant is None:
        return {}
    with open_server() as server, open_session(server, tenant) as session:
        return stored.stored_mappings(session)


def _known(tenant: str | None) -> Iterator[tuple[str, str, CsvFormat | JsonFormat | WorkbookFormat]]:
    """Yield name, origin and format of everything that is read, in the order of trial."""
    for name, text in _stored(tenant).items():
        yield name, f"mapping of {tenant}", format_of(read_mapping(text, name))
    origins = {id(entry): f"plug-in {distribution}" for distribution, entry in recognise.plugged_in()}
    for entry in recognise.registered():
        if not isinstance(entry, PartsFormat) and not entry.name.startswith("archived "):
            yield entry.name, origins.get(id(entry), "built-in"), entry


def _kind(entry: Format) -> str:
    return {CsvFormat: "csv", JsonFormat: "json", WorkbookFormat: "workbook"}.get(type(entry), "parts")


def _described(origin: str, entry: CsvFormat | JsonFormat | WorkbookFormat) -> str:
    what = {"csv": "columns", "json": "keys", "workbook": "sheets"}[_kind(entry)]
    listed = "\n".join(f"  {' or '.join(need)}" for need in entry.needs)
    return f"{entry.name} ({origin}) reads a {_kind(entry)} file that has these {what}:\n{listed}"


def _needs(entry: CsvFormat | JsonFormat | WorkbookFormat) -> str:
    return ", ".join(" or ".join(need) for need in entry.needs)


def _print_trials(found: list[Trial]) -> None:
    columns = ("format", "game", "date", "home", "away", "events", "stints", "rejected")
    rows = [
        {"file": one_line(each.path)} | {name: _printable(getattr(each, name)) for name in columns}
        for each in found
        if each.error is None
    ]
    if rows:
        print_table(rows, "")
    for each in found:
        if each.parts:
            click.echo(f"{one_line(each.path)} is a part of game {one_line(each.game or '')}: {', '.join(each.parts)}.")
        if each.error:
            click.secho(f"rejected    {one_line(each.path)}: {one_line(each.error)}", fg="red")
        for reason, count in each.reasons.items():
            first = each.first[reason]
            place = "" if first is None else f" (first: {first})"
            click.secho(
                f"rejected    {one_line(each.path)}: {count_of(count, 'row')}{place}: {one_line(reason)}", fg="yellow"
            )
    flags = sum((Counter(each.flags) for each in found), Counter[str]())
    for name, count in sorted(flags.items()):
        click.echo(f"flag        {name} {count}: {FLAGS.get(name, 'unknown')}")
    lacking = sorted({name for each in found for name in each.lacks})
    if lacking:
        click.echo(f"not recorded: {', '.join(lacking)}")
    read = sum(each.error is None for each in found)
    rejected = sum(each.rejected for each in found) + sum(each.error is not None for each in found)
    click.echo(f"{count_of(read, 'game')} read, {rejected} rejected. Nothing was loaded.")


def _printable(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value
