"""Parsed HTML for tests: tables by row, headings, elements and text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "hr", "input"}


@dataclass
class Table:
    attributes: dict[str, str]
    caption: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    scopes: list[str | None] = field(default_factory=list)  # the scope of each th


@dataclass
class Page(HTMLParser):
    """A page, parsed when it is created. Unbalanced tags fail the test."""

    source: str
    tables: list[Table] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self._in_head = False
        self.feed(self.source)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag == "table":
            self.tables.append(Table({name: text or "" for name, text in attrs}))
        elif tag in ("thead", "tbody"):
            self._in_head = tag == "thead"
        elif tag == "tr" and not self._in_head:
            self.tables[-1].rows.append([])
        elif tag in ("th", "td"):
            cells = self.tables[-1].columns if self._in_head else self.tables[-1].rows[-1]
            cells.append("")
            if tag == "th":
                self.tables[-1].scopes.append(given.get("scope"))
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append((int(tag[1]), ""))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "title", "script"):
            return
        self.text += data
        if "th" in self.open or "td" in self.open:
            cells = self.tables[-1].columns if self._in_head else self.tables[-1].rows[-1]
            cells[-1] = " ".join((cells[-1] + data).split()) + (" " if data.endswith(" ") else "")
        elif "caption" in self.open:
            self.tables[-1].caption += data
        elif self.open and self.open[-1][0] == "h" and self.open[-1][1:].isdigit():
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def table(self, **wanted: str) -> Table:
        """Return the only table with these data attributes."""
        found = [
            table
            for table in self.tables
            if all(table.attributes.get(f"data-{name}") == text for name, text in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} tables are {wanted}"
        return found[0]
