"""Read documents without a database, to see what a load would find in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Parts
from stanchion.ingest.reading.recognise import Format, PluginError, read
from stanchion.ingest.reading.sources import Document


@dataclass
class Trial:
    """What was found in one game of a document, or the reason why the document cannot be read."""

    path: str
    format: str | None = None
    game: str | None = None
    date: str | None = None
    home: str | None = None
    away: str | None = None
    events: int = 0
    stints: int = 0
    rejected: int = 0
    parts: list[str] = field(default_factory=list)  # kinds of parts, of a game of several documents
    reasons: dict[str, int] = field(default_factory=dict)  # number of rejected pieces by reason
    first: dict[str, int | None] = field(default_factory=dict)  # line or position of the first one, by reason
    flags: dict[str, int] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def is_clean(self) -> bool:
        return self.error is None and not self.reasons


def trials(documents: Iterable[Document], added: Sequence[Format] = ()) -> Iterator[Trial]:
    """Yield the games of the documents, and the reasons of documents that cannot be read."""
    for document in documents:
        count = 0
        try:
            for piece in read(document, added):
                count += 1
                yield _of_parts(document.path, piece) if isinstance(piece, Parts) else _of_game(document.path, piece)
        except UnreadableError as error:
            yield Trial(document.path, error=str(error))
        except PluginError:
            raise
        except (MemoryError, RecursionError):
            yield Trial(document.path, error="The file is too large or nested too deep to be read.")
        except Exception as error:  # a reader that crashes must not hide the other files
            yield Trial(document.path, error=f"The reader failed with an unexpected error ({type(error).__name__}).")
        else:
            if not count:
                yield Trial(document.path, error="The file contains no game.")


def _of_parts(path: str, parts: Parts) -> Trial:
    kinds = [f"{part.kind} ({part.size})" for part in parts.parts]
    return Trial(path, parts.format, parts.game_key, parts=kinds)


def _of_game(path: str, game: Game) -> Trial:
    first: dict[str, int | None] = {}
    for reject in game.rejects:
        first.setdefault(reject.reason, reject.position)
    return Trial(
        path=path,
        format=game.format,
        game=game.game_key,
        date=str(game.game_date) if game.game_date else None,
        home=game.home_team,
        away=game.away_team,
        events=len(game.events),
        stints=len(game.stints),
        rejected=len(game.rejects),
        reasons=dict(Counter(reject.reason for reject in game.rejects)),
        first=first,
        flags=game.flags,
        lacks=list(game.lacks),
    )
