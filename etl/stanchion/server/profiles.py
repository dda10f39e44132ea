"""Profiles: named servers of a configuration file, each with [profiles.NAME]."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stanchion.errors import StanchionError

_KEYS: dict[str, type] = {"dsn": str, "data": str, "quiet": bool}
_EXPECTED = {str: "a text that is not empty", bool: "true or false"}


@dataclass(frozen=True)
class Profile:
    """A server of the configuration file: the dsn of a server, or the home of an embedded one."""

    name: str
    dsn: str | None = field(default=None, repr=False)  # can contain a password
    data: Path | None = None
    quiet: bool = False


def config_file() -> Path:
    """Return STANCHION_CONFIG, or config.toml in the configuration folder of this user."""
    if chosen := os.environ.get("STANCHION_CONFIG"):
        return Path(chosen).expanduser()
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "stanchion" / "config.toml"


def find_profile(name: str) -> Profile:
    """Return a profile of the configuration file, or raise StanchionError with the most similar name."""
    path = config_file()
    profiles = read_profiles(path)
    if name not in profiles:
        known = (
            _nearest(name, profiles) if profiles else "the file has no profile" if path.exists() else "it is missing"
        )
        raise StanchionError(f"The profile '{name}' is not in {path}: {known}.")
    return profiles[name]


def read_profiles(path: Path) -> dict[str, Profile]:
    """Return the profiles by name. Refuse unknown keys, and passwords that other users can read."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise StanchionError(f"{path} is not TOML: {e}.") from None
    _check_keys(path, "", content, ["profiles"])
    tables = content.get("profiles", {})
    if not isinstance(tables, dict):
        raise StanchionError(f"{path}: expected a table [profiles.NAME] for each profile.")
    profiles = {name: _profile(path, name, table) for name, table in tables.items()}
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRGRP | stat.S_IROTH) and any(_has_password(each.dsn) for each in profiles.values()):
        raise StanchionError(
            f"{path} contains a password, and other users may read the file (mode {mode:o}); run: chmod 600 {path}"
        )
    return profiles


def _profile(path: Path, name: str, table: Any) -> Profile:
    where = f"profiles.{name}"
    if not isinstance(table, dict):
        raise StanchionError(f"{path}: {where} must be a table: [{where}]")
    _check_keys(path, f"{where}.", table, _KEYS)
    for key, given in table.items():
        if not isinstance(given, _KEYS[key]) or not (given or _KEYS[key] is bool):
            raise StanchionError(f"{path}: {where}.{key} must be {_EXPECTED[_KEYS[key]]}.")
    if ("dsn" in table) == ("data" in table):
        raise StanchionError(f"{path}: {where} needs either dsn (a server) or data (the home of an embedded one).")
    data = table.get("data")
    return Profile(name, table.get("dsn"), Path(data).expanduser() if data else None, table.get("quiet", False))


def _check_keys(path: Path, where: str, table: dict[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise StanchionError(f"{path} has an unknown key {where}{key}: {_nearest(key, known)}.")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}" if near else f"expected one of {', '.join(sorted(known))}"


def _has_password(dsn: str | None) -> bool:
    try:
        given = conninfo_to_dict(dsn or "")
    except psycopg.Error:
        return True  # a malformed URL can contain one
    return any(given.get(key) for key in ("password", "sslpassword", "oauth_client_secret"))
