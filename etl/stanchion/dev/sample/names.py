"""Names of people and teams that do not exist."""

from typing import Final

FIRST: Final = (
    "Arlo", "Bexley", "Corin", "Dagny", "Eamon", "Fenna", "Greer", "Hollis", "Imke", "Joren", "Katja", "Leif", "Maren",
    "Niamh", "Oskar", "Petra", "Quill", "Runa", "Sten", "Tove", "Ulla", "Viggo", "Wren", "Yara", "Zane", "Zoë", "André",
    "Søren", "Łucja", "Inès",
)  # fmt: skip
LAST: Final = (
    "Abernathy", "Birchwood", "Calloway", "Drummond", "Eskildsen", "Fairweather", "Galbraith", "Hartwick", "Ibsen",
    "Jessop", "Kestrel", "Lockridge", "Merriweather", "Norrington", "Osgood", "Pemberton", "Quimby", "Rasmussen",
    "Silverton", "Thackeray", "Underhill", "Vandermeer", "Whitlock", "Yarborough", "Zeller", "O'Dell", "Núñez",
    "Müller", "Bjørk", "Smythe-Vane",
)  # fmt: skip
TEAMS: Final = (
    "Harbor Foxes", "Granite", "Mill Street", "North Quay", "Red Maples", "Tinsmiths", "Old Dock", "Lanterns",
    "Kestrels", "Copper Pots", "Ferrymen", "Quarry HC",
)  # fmt: skip
_COLOURS: Final = (
    "#b5452c", "#5a6672", "#2f6f4f", "#1f5f99", "#A3202D", "#8a97a3", "#204a5c", "#d9a21b",
    "#8a5a2b", "#c60", "#17508a", "#4F4A6B",
)  # fmt: skip
COLOURS: Final = dict(zip(TEAMS, _COLOURS, strict=True))
