"""Make src/sachet/terminology/data/icd10cm/ from the official release inside the package simple-icd-10-cm.

usage: pip install simple-icd-10-cm==1.5.0 && python scripts/icd10cm_table.py

A file for each letter; each line of it: code, 1 where it is billable (no further characters are possible), official
title. release.tsv names the release, the package and the SHA-256 of the tabular list that they were made from.
"""

import gzip
import hashlib
import importlib.metadata
import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import simple_icd_10_cm as icd  # type: ignore[import-not-found]

RELEASE = "2026-04-01"
FOLDER = Path(__file__).parents[1] / "src/sachet/terminology/data/icd10cm"


def main() -> None:
    tabular = files("simple_icd_10_cm") / "data/icd10c-tabular-April-1-2026.xml"
    digest = hashlib.sha256(tabular.read_bytes()).hexdigest()
    package = f"simple-icd-10-cm {importlib.metadata.version('simple-icd-10-cm')}"
    (FOLDER / "release.tsv").write_text(f"ICD-10-CM\t{RELEASE}\t{package}\t{digest}\n", "utf-8")
    lines = [
        f"{code}\t{int(icd.is_leaf(code))}\t{' '.join(icd.get_description(code).split())}"
        for code in sorted(set(icd.get_all_codes(with_dots=True)))
        if re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", code)
    ]
    write(lines)
    print(f"{len(lines)} codes, {sum(f.stat().st_size for f in FOLDER.iterdir())} bytes")


def write(lines: Iterable[str]) -> None:
    """Write sorted lines, a file for each letter."""
    for letter, group in groupby(lines, lambda line: line[0]):
        (FOLDER / f"{letter}.tsv.gz").write_bytes(gzip.compress("\n".join([*group, ""]).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
