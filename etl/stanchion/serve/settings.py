"""Options of the server, which do not change while it runs."""

from dataclasses import dataclass, field
from pathlib import Path

SCHEMAS = ("marts", "contest", "stock", "workspace", "core")


@dataclass(frozen=True)
class Settings:
    """Everything that `stanchion serve` was started with."""

    dsn: str = field(repr=False)
    read_dsn: str | None = field(default=None, repr=False)
    listen_dsn: str | None = field(default=None, repr=False)  # without a pooler, for notifications
    host: str = "127.0.0.1"
    port: int = 3000
    jwt_secret: str | None = field(default=None, repr=False)
    jwks_url: str | None = None
    audience: str | None = None
    issuer: str | None = None
    skew: float = 30.0  # seconds by which clocks may differ
    who_seconds: float = 5.0  # time for which a token or a key that was accepted is not checked again
    schemas: tuple[str, ...] = SCHEMAS  # in the order in which a name without Accept-Profile is searched
    anonymous: bool = True  # serve published relations to requests without a token
    max_lag: float = 10.0  # largest delay of the replica, in seconds
    connections: int = 10  # most connections to each server
    wait_seconds: float = 5.0  # longest wait for one of them
    statement_seconds: float = 5.0
    max_rows: int = 1000
    max_body: int = 1024 * 1024
    max_url: int = 16 * 1024
    clients: int = 10_000  # most connections of clients
    clients_per_address: int = 1000  # of which each address may have so many, but for proxies
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")  # addresses whose X-Forwarded-For is believed
    origins: tuple[str, ...] = ()  # origins of pages that may read answers; "*" is every origin
    cache_bytes: int = 64 * 1024 * 1024  # of answers in memory; 0 keeps none
    cache_seconds: float = 0.0  # time for which an answer without a version is kept
    rate: int = 0  # requests of a minute by each key, person or address; 0 does not count them
    grace_seconds: int = 10  # time that SIGTERM leaves to requests that run
    metrics: bool = False  # serve /metrics
    pages: Path | None = None  # folder of the files below /pages/
