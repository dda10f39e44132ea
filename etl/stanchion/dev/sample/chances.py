"""Probabilities of events in a sample game, which are those of real games, and the codes of the events."""

from typing import Final

STOPPAGE: Final = 0.012  # probability of an offside, an icing or a puck over the boards, per event
PENALTY: Final = 0.0022
# The events that can follow an event: (type, weight, probability that the same team makes it).
NEXT: Final[dict[str, list[tuple[str, float, float]]]] = {
    "Faceoff": [
        ("Possession", 40, 0.9),
        ("Pass", 23, 0.97),
        ("Zone_Entry_Exit", 15, 0.88),
        ("Shot", 10, 1),
        ("Turnover", 7, 0.92),
    ],
    "Possession": [
        ("Pass", 42, 0.99),
        ("Zone_Entry_Exit", 26, 0.98),
        ("Shot", 11, 0.99),
        ("Turnover", 10, 0.51),
        ("Possession", 8, 0.95),
        ("Play", 2, 0.44),
    ],
    "Zone_Entry_Exit": [
        ("Possession", 40, 0.79),
        ("Turnover", 24, 0.81),
        ("Pass", 12, 0.92),
        ("Zone_Entry_Exit", 11, 0.79),
        ("Shot", 10, 0.97),
        ("Play", 3, 0.22),
    ],
    "Pass": [
        ("Zone_Entry_Exit", 33, 0.96),
        ("Possession", 31, 0.95),
        ("Turnover", 15, 0.94),
        ("Shot", 10, 0.99),
        ("Pass", 10, 0.96),
    ],
    "Turnover": [
        ("Possession", 66, 0.18),
        ("Zone_Entry_Exit", 22, 0.23),
        ("Pass", 6, 0.33),
        ("Turnover", 4, 0.23),
        ("LoosePuck", 1, 0.4),
    ],
    "Play": [
        ("Possession", 72, 0.3),
        ("Zone_Entry_Exit", 10, 0.33),
        ("Turnover", 6, 1),
        ("Pass", 6, 0.6),
        ("Shot", 5, 0.5),
    ],
    "LoosePuck": [("Possession", 47, 0.88), ("Pass", 35, 1), ("Zone_Entry_Exit", 12, 0.5)],
}
SHOTS: Final = {
    "Shot_OnNetSaved": 50.0, "Shot_Blocked": 25, "Shot_Missed": 19, "Shot_Goal": 3.9, "Shot_Deflected": 1.8,
    "Shot_HitPost": 0.5,
}  # fmt: skip
HOW: Final = {
    "Shot": ["Shot_Wrist"] * 15 + ["Shot_Backhand", "Shot_OneTime", "Shot_Tip", "Shot_Slap", ""],
    "Pass": ["Pass_Forehand"] * 11 + ["Pass_Backhand"] * 3 + ["Pass_Rim/Wrap", "Pass_Stretch", "Pass_Bank", ""],
    "Goal": ["Goal_Wrist", "Goal_Wrist", "Goal_Backhand", "Goal_Tip", "Goal_Poke"],
    "Save": ["Save_Chest", "Save_Butterfly", "Save_RightPad", "Save_LeftPad", "Save_Glove", "Save_Stick"],
    "Turnover_Giveaway": ["Giveaway_PassMissed", "Giveaway_ZoneClear/Dump", "Giveaway_ShotBlocked"],
    "Turnover_Takeaway": ["Takeaway_PokeCheck", "Takeaway_PokeCheck", "Takeaway_BattleWon"],
    "Zone_Entry": ["ZoneEntry_Carried"] * 4 + ["ZoneEntry_DumpIn", "ZoneEntry_PassMiss/Misplay", "ZoneEntry_Pass"],
    "Zone_Exit": ["ZoneExit_Carried", "ZoneExit_Carried", "ZoneExit_Pass", "ZoneExit_Clear", "ZoneExit_Chip"],
    "Penalty": ["Penalty_Tripping"] * 4 + ["Penalty_Hooking", "Penalty_Roughing"],
}
PLAYS: Final = ["", "", "", "StickCheck", "SecondTouch", "PuckRecoveryRetreivalTurnover", "PokeCheck", "Deke"]
WHISTLES: Final = [
    ("Stoppage_Icing", "{} Icing"),
    ("Stoppage_PuckOutofPlay", "Puck Out of Play"),
    ("Stoppage_Offsides", "{} Offside"),
]
