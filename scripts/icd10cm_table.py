"""Make src/sachet/terminology/data/icd10cm/ from the official release inside the package simple-icd-10-cm.

usage: pip install simple-icd-10-cm==1.5.0 && python scripts/icd10cm_table.py

A file for each letter; each line of it: code, 1 where it is billable (no further characters are possible), official
title. `named/` has the short titles by each of their stems: stem, all stems of the title, code. `excludes1.tsv.gz` has
the codes of the notes Excludes1: code, what must not be coded with it (`A05`, `A00-A04`). release.tsv names the
release, the package and the SHA-256 of the tabular list that they were made from.
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

from sachet.terminology.icd10cm import title_stems

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
    write_names(lines)
    write_excludes()
    print(f"{len(lines)} codes, {sum(f.stat().st_size for f in FOLDER.iterdir())} bytes")


def write(lines: Iterable[str]) -> None:
    """Write sorted lines, a file for each letter."""
    for letter, group in groupby(lines, lambda line: line[0]):
        (FOLDER / f"{letter}.tsv.gz").write_bytes(gzip.compress("\n".join([*group, ""]).encode(), 9, mtime=0))


# Titles that name no condition of their own, and chapters of causes and contacts.
UNNAMED = re.compile(
    r"unspecified|other |not elsewhere|right|left|bilateral|encounter|trimester|status|history|following|complicating",
    re.I,
)
CODES = re.compile(r"[A-Z]\d[0-9A-Z.]*(?:-[A-Z]\d[0-9A-Z.]*)?")  # of a note: "(A05.-)", "(T61-T62)"
UNNAMED_CHAPTERS = "VWXYZ"
MOST_STEMS = 5


def write_names(lines: Iterable[str]) -> None:
    """Write the short titles by their stems, a file for each letter with which a stem begins."""
    rows: set[str] = set()
    for line in lines:
        code, _, title = line.split("\t")
        told = title_stems(title)
        if code[0] not in UNNAMED_CHAPTERS and not UNNAMED.search(title) and 0 < len(told) <= MOST_STEMS:
            rows.update(f"{one}\t{' '.join(sorted(told))}\t{code}" for one in told)
    folder = FOLDER / "named"
    folder.mkdir(exist_ok=True)
    for letter, group in groupby(sorted(rows), lambda row: row[0]):
        (folder / f"{letter}.tsv.gz").write_bytes(gzip.compress("\n".join([*group, ""]).encode(), 9, mtime=0))


def write_excludes() -> None:
    """Write what must not be coded together, of categories and codes."""
    rows = []
    for code in sorted(set(icd.get_all_codes(with_dots=True))):
        if re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", code):
            named = {
                c
                for note in icd.get_excludes1(code)
                for c in re.findall(r"[A-Z]\d[0-9A-Z.]*(?:-[A-Z]\d[0-9A-Z.]*)?", note)
            }
            if named:
                rows.append(f"{code}\t{' '.join(sorted(one.rstrip('.') for one in named))}")
    (FOLDER / "excludes1.tsv.gz").write_bytes(gzip.compress("\n".join([*rows, ""]).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
