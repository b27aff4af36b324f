"""How well the labelled documents are read: items that were found, missed and made up."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sachet import document
from sachet.guideline.extract import extract
from sachet.guideline.understand import understand
from sachet.project import Project

LABELS = Path(__file__).parent / "labels"
_PROJECT = Project()
_UNITS = {"IU": "units"}
Row = dict[str, Any]


@dataclass
class Score:
    """Items of a kind over some documents; `missed` and `extra` name document and line."""

    hits: int = 0
    missed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """How many of the items found are there."""
        return self.hits / max(1, self.hits + len(self.extra))

    @property
    def recall(self) -> float:
        """How many of the items that are there were found."""
        return self.hits / max(1, self.hits + len(self.missed))


def score(folder: str, corpus: Path) -> tuple[Score, Score]:
    """Medications and contraindications of the labelled documents of a folder."""
    medications, contraindications = Score(), Score()
    for file in sorted((LABELS / folder).glob("*.json")):
        labels = json.loads(file.read_text("utf-8"))
        read = document.read(corpus / f"{file.stem}.md")
        assert read.value is not None
        guideline = understand(read.value, _PROJECT).value
        assert guideline is not None
        found = extract(guideline)
        _medications(file.stem, labels["medications"], found["medications"], medications)
        _contraindications(file.stem, labels["contraindications"], found["contraindications"], contraindications)
    return medications, contraindications


def _medications(name: str, labels: Sequence[Row], found: Sequence[Row], into: Score) -> None:
    left = list(found)
    for label in sorted(labels, key=lambda row: bool(row.get("ambiguous"))):
        same = [row for row in left if _amount(row) == _amount(label) and _words(row["drug"]) & _words(label["drug"])]
        if label.get("ambiguous"):
            left = [row for row in left if row not in same[:1] and (same or row["line"] != label["line"])]
        elif same:
            left.remove(same[0])
            into.hits += 1
        else:
            into.missed.append(f"{name}:{label['line']}: {label['drug']} {label['dose']}")
    into.extra += [f"{name}:{row['line']}: {row['drug']} {row['dose']}" for row in left]


def _amount(row: Row) -> tuple[Any, ...]:
    dose = row["dose"]
    unit = _UNITS.get(dose["unit"], dose["unit"])
    return row["line"], float(dose["low"] or 0), float(dose["high"] or 0), unit, row.get("per"), row.get("rate")


def _words(drug: str) -> set[str]:
    """The words of a name that may be shared with another name of the drug."""
    return {word for word in re.findall(r"[a-z0-9]+", drug.lower()) if len(word) > 1}


def _contraindications(name: str, labels: Sequence[Row], found: Sequence[Row], into: Score) -> None:
    unsure = {row["line"] for row in labels if row.get("ambiguous")}
    wanted = Counter((row["line"], row["strength"]) for row in labels if row["line"] not in unsure)
    read = Counter((row["line"], row["strength"]) for row in found if row["line"] not in unsure)
    into.hits += (wanted & read).total()
    into.missed += [f"{name}:{line}: {strength}" for line, strength in (wanted - read).elements()]
    into.extra += [f"{name}:{line}: {strength}" for line, strength in (read - wanted).elements()]
