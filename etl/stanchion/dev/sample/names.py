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
