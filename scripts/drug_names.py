"""Make src/sachet/terminology/data/drugs/ from the list inside the package drug-named-entity-recognition.

usage: pip install drug-named-entity-recognition==2.0.9 && python scripts/drug_names.py

The package gathers names from MedlinePlus, DrugBank's open vocabulary, the NHS and MeSH. Taken are names of what
MedlinePlus, DrugBank or the NHS know as a drug, of five words at most, that mean one drug. A name of one word that is
short and no drug's own ("aica") is left out: it may mean anything. Each line: name, the drug's own name where it is
another, and where the drug is known (MedlinePlus, DrugBank id, NHS); a file for each first character. release.tsv names
package and SHA-256. `added.toml` beside them is written by hand.
"""

import bz2
import gzip
import hashlib
import importlib.metadata
import pickle
import re
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

PACKAGE = "drug-named-entity-recognition"
FOLDER = Path(__file__).parents[1] / "src/sachet/terminology/data/drugs"
_NAME = re.compile(r"[a-z0-9][a-z0-9' ./()+-]*")
_SHORT = 6  # letters of a name of one word
_WORDS = 5


def main() -> None:
    packed = (files("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2").read_bytes()
    listed: dict[str, dict[str, Any]] = pickle.loads(bz2.decompress(packed))
    drugs = {name: about for name, row in listed["drug_canonical_to_data"].items() if (about := _known(row))}
    rows = {name: ("", about) for name, about in drugs.items() if _NAME.fullmatch(name)}
    for name, meant in listed["drug_variant_to_canonical"].items():
        known = [one for one in meant or () if one in drugs]
        short = " " not in name and len(name) < _SHORT
        if name not in rows and len(known) == 1 and _NAME.fullmatch(name) and not short and len(name.split()) <= _WORDS:
            rows[name] = (known[0], drugs[known[0]])
    lines = [f"{name}\t{drug}\t{about}" for name, (drug, about) in sorted(rows.items())]
    for first, group in groupby(lines, lambda line: line[0]):
        (FOLDER / f"{first}.tsv.gz").write_bytes(gzip.compress("\n".join([*group, ""]).encode(), 9, mtime=0))
    version = importlib.metadata.version(PACKAGE)
    digest = hashlib.sha256(packed).hexdigest()
    (FOLDER / "release.tsv").write_text(f"{PACKAGE} {version}\t{digest}\n", "utf-8")
    print(f"{len(lines)} names of {len({d or n for n, (d, _) in rows.items()})} drugs")


def _known(row: dict[str, Any]) -> str:
    """Where a drug is known; nothing where it is not known as a drug."""
    if found := row.get("medline_plus_id"):
        return f"MedlinePlus {found}"
    return row.get("drugbank_id") or ("NHS" if "nhs_url" in row else "")


if __name__ == "__main__":
    main()
