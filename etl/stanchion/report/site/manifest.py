"""The folder of a site: the inputs of each page, one writer at a time, and no page that is half written.

The manifest names every page before the page is written, so that a run after a kill knows the pages of the killed one.
A page without a checksum in the manifest is written again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stanchion.errors import StanchionError
from stanchion.replacing import replacing
from stanchion.report.site.names import FOLDERS, LIVE_SCRIPT, SCRIPT, STYLE
from stanchion.server.cluster import open_lock, try_lock

_MANIFEST, _LOCK = ".stanchion-site.json", ".stanchion-site.lock"


def digest(of: Any) -> str:
    """Return a checksum of values that have a text."""
    return hashlib.sha256(json.dumps(of, default=str, sort_keys=True).encode()).hexdigest()[:20]


@dataclass
class Folder:
    """A folder with the pages of one tenant."""

    path: Path
    tenant: str
    pages: dict[str, str]  # file: checksum of its inputs
    written: int = 0
    kept: set[str] = field(default_factory=set)

    def is_current(self, file: str, inputs: str) -> bool:
        """Return whether the page exists and was built from these inputs. If so, it is kept."""
        if self.pages.get(file) != inputs or not (self.path / file).is_file():
            return False
        self.kept.add(file)
        return True

    def differs_only_after(self, file: str, inputs: str, separator: str) -> bool:
        """Return whether the page exists and was built from inputs with another last part than these."""
        first = inputs.partition(separator)[0] + separator
        return self.pages.get(file, "").startswith(first) and (self.path / file).is_file()

    def announce(self, files: Iterable[str]) -> None:
        """Write into the manifest that these pages will be written."""
        self.pages |= dict.fromkeys(files, "")
        self._save()

    def put(self, file: str, text: str, inputs: str = "") -> None:
        """Write a page if its text differs from the one in the folder."""
        place = self.path / file
        if not _contains(place, text):
            with replacing(place) as beside:
                beside.write_text(text, encoding="utf-8")
            self.written += 1
        self.pages[file] = inputs
        self.kept.add(file)

    def finish(self) -> int:
        """Remove the pages that are no longer part of the site, and write the manifest. Return their number."""
        gone = [file for file in self.pages if file not in self.kept]
        for file in gone:
            (self.path / file).unlink(missing_ok=True)
            del self.pages[file]
        self._save()
        return len(gone)

    def _save(self) -> None:
        text = json.dumps({"tenant": self.tenant, "pages": self.pages}, indent=0, sort_keys=True)
        with replacing(self.path / _MANIFEST) as beside:
            beside.write_text(text, encoding="utf-8")


@contextmanager
def open_folder(path: Path, tenant: str) -> Iterator[Folder]:
    """Yield the folder of a site, which is created when it is missing. It is refused while another run writes to it."""
    _refuse_other_files(path)
    for folder in (path, *(path / name for name in FOLDERS)):
        folder.mkdir(exist_ok=True)
    with open_lock(path / _LOCK) as lock:
        if not try_lock(lock):
            raise StanchionError(f"Another stanchion report writes to {path}; wait until it ends.")
        _drop_half_written(path)
        yield Folder(path, tenant, _read(path, tenant))


def _refuse_other_files(path: Path) -> None:
    if not path.parent.is_dir():
        raise StanchionError(f"The folder {path.name} cannot be created: the folder {path.parent} does not exist.")
    if path.is_dir() and not (path / _LOCK).exists() and any(path.iterdir()):
        raise StanchionError(f"The folder {path} contains files that are not of a report; name a new or empty folder.")


def _contains(place: Path, text: str) -> bool:
    try:
        return place.read_bytes() == text.encode()
    except FileNotFoundError:
        return False


def _read(path: Path, tenant: str) -> dict[str, str]:
    try:
        found = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        owner, pages = str(found["tenant"]), {str(file): str(inputs) for file, inputs in found["pages"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StanchionError(f"{path / _MANIFEST} is damaged; delete the folder {path} and run again.") from error
    if owner != tenant:
        raise StanchionError(f"The folder {path} contains the report of another tenant; name another folder.")
    for file in pages:
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise StanchionError(f"{path / _MANIFEST} names a file outside the folder: {file}")
    return pages


def _drop_half_written(path: Path) -> None:
    """Delete the temporary files of a run that was killed."""
    for folder in (path, *(path / name for name in FOLDERS)):
        for pattern in (".*.html.*", f".{STYLE}.*", f".{SCRIPT}.*", f".{LIVE_SCRIPT}.*", f".{_MANIFEST}.*"):
            for file in folder.glob(pattern):
                file.unlink(missing_ok=True)
