"""serve: an HTTP server for applications."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stanchion.cli.logs import event, is_json, log_option
from stanchion.cli.options import database_option, extra_of_serve, open_server, reader_options, until_signal
from stanchion.cli.output import note, print_json
from stanchion.errors import StanchionError
from stanchion.server.locate import reach

if TYPE_CHECKING:
    from stanchion.serve.app import Answered


def _secret(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and len(given.encode()) < 32:
        raise StanchionError(f"The secret of the tokens has {len(given.encode())} bytes; HS256 needs at least 32.")
    return given


def _url(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and not re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", given):
        raise StanchionError(f"The URL of the keys must begin with https://, not '{given}'.")
    return given


def _addresses(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    from ipaddress import ip_network

    for each in given:
        try:
            ip_network(each)
        except ValueError as e:
            raise StanchionError(f"The proxy must be an address or a network such as 10.0.0.0/8: {e}.") from None
    return given


def _origins(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        if each != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", each):
            raise StanchionError(f"The origin must be like https://app.example, without a path, or *, not '{each}'.")
    return given


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="Port to listen on; 0 chooses one."
)
@click.option("--reuse-port", is_flag=True, help="Let several processes listen on the same port.")
@click.option(
    "--jwt-secret",
    envvar="STANCHION_JWT_SECRET",
    show_envvar=True,
    metavar="SECRET",
    callback=_secret,
    help="Secret of tokens signed with HS256 (default: such tokens are refused).",
)
@click.option(
    "--jwks-url",
    envvar="STANCHION_JWKS_URL",
    show_envvar=True,
    metavar="URL",
    callback=_url,
    help="Public keys of tokens signed with RS256 or ES256 (default: such tokens are refused).",
)
@click.option(
    "--audience", default="authenticated", show_default=True, metavar="NAME", help="Audience that a token must name."
)
@click.option("--issuer", metavar="NAME", help="Issuer that a token must name (default: any).")
@click.option(
    "--skew",
    type=click.FloatRange(0, 300),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Largest difference between the clocks of the issuer and of this machine.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Most connections to the database.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest duration of a statement.",
)
@click.option("--max-rows", type=click.IntRange(1), default=1000, show_default=True, help="Most rows of an answer.")
@click.option(
    "--cache-bytes",
    type=click.IntRange(0),
    default=64 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="Most memory of answers that are kept while their marts do not change; 0 keeps none.",
)
@click.option(
    "--cache-seconds",
    type=click.FloatRange(0, 60),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for which an answer without a version is kept, such as one from contest.fixture.",
)
@click.option(
    "--rate", type=click.IntRange(1), metavar="COUNT", help="Most requests a minute of each sender (default: no limit)."
)
@click.option(
    "--clients",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    metavar="COUNT",
    help="Most connections of clients, if the limit of open files allows them.",
)
@click.option(
    "--clients-per-address",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="COUNT",
    help="Most connections of an address that is not a proxy.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    default=("127.0.0.1", "::1"),
    show_default=True,
    metavar="ADDRESS",
    callback=_addresses,
    help="Address or network of a proxy, whose X-Forwarded-For is believed; may be given several times.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="Origin of pages that browsers let read answers, such as https://app.example, or * for all; may be given "
    "several times (default: only pages of the server itself).",
)
@click.option("--metrics", is_flag=True, help="Serve /metrics to every client that reaches the port.")
@click.option(
    "--pages",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Serve the files of a folder under /pages/ to every client that reaches the port (default: no files).",
)
@click.option(
    "--listen-dsn",
    metavar="DSN",
    help="Connection for the notifications of live streams, without a pooler (default: that of the server).",
)
@click.option("--openapi", is_flag=True, help="Print the description of the interface in OpenAPI 3.1, and end.")
@reader_options
@log_option
@database_option
def serve(
    host: str,
    port: int,
    reuse_port: bool,
    jwt_secret: str | None,
    jwks_url: str | None,
    audience: str,
    issuer: str | None,
    skew: float,
    connections: int,
    timeout: float,
    max_rows: int,
    cache_bytes: int,
    cache_seconds: float,
    rate: int | None,
    clients: int,
    clients_per_address: int,
    proxies: tuple[str, ...],
    origins: tuple[str, ...],
    metrics: bool,
    pages: Path | None,
    listen_dsn: str | None,
    openapi: bool,
) -> None:
    """Serve the marts and functions of tenants over HTTP.

    Requests are in the grammar of PostgREST, which the clients of Supabase send. A token, an API key or the host name
    chooses the tenant, and each request is one transaction of stanchion_app under its policies. The login of the server
    must have no other right than to become that role. SIGTERM and Ctrl-C let requests that run end.

    \b
    Example:
        stanchion serve
        stanchion serve --dsn postgresql://web@db.example/stats --port 8080
        stanchion serve --jwks-url https://id.example/.well-known/jwks.json --audience league
        stanchion serve --pages docs/examples/score_entry
        stanchion serve --origin https://app.example
        stanchion serve --openapi > openapi.json
    """
    with extra_of_serve("stanchion serve"):
        from stanchion.serve.run import listen, login_of, require_narrow
        from stanchion.serve.run import serve as run
        from stanchion.serve.settings import Settings
    options = click.get_current_context().obj
    read_dsn = options.read_dsn or os.environ.get("STANCHION_READ_DSN") or None
    with open_server() as server, login_of(server) as dsn:
        for other, option in ((read_dsn, "--read-dsn"), (listen_dsn, "--listen-dsn")):
            if other is not None:
                require_narrow(reach(other, option, remedy="correct it"))
        settings = Settings(
            dsn=dsn,
            read_dsn=read_dsn,
            listen_dsn=listen_dsn,
            max_lag=options.max_lag,
            host=host,
            port=port,
            jwt_secret=jwt_secret,
            jwks_url=jwks_url,
            audience=audience,
            issuer=issuer,
            skew=skew,
            connections=connections,
            statement_seconds=timeout,
            max_rows=max_rows,
            cache_bytes=cache_bytes,
            cache_seconds=cache_seconds,
            rate=rate or 0,
            clients=clients,
            clients_per_address=clients_per_address,
            proxies=proxies,
            origins=origins,
            metrics=metrics,
            pages=pages,
        )
        if openapi:
            from stanchion.serve.openapi import describe_now

            print_json(describe_now(settings))
            return
        # the first signal ends the loop of the server; its own handlers give it back to this one
        with until_signal(), listen(host, port, shared=reuse_port) as bound:
            run(settings, bound, note, _log if is_json() else None)


def _log(answered: "Answered") -> None:
    event(
        "request",
        "error" if answered.status >= 500 else "info",
        tenant=answered.tenant,
        counts={"status": answered.status},
        duration_ms=answered.milliseconds,
        message=f"{answered.method} {answered.path} {answered.request_id}",
    )
