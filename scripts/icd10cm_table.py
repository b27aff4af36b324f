"""Make src/sachet/terminology/data/icd10cm.tsv.gz from the official release inside the package simple-icd-10-cm.

usage: pip install simple-icd-10-cm==1.5.0 && python scripts/icd10cm_table.py

Each line of the table: code, 1 where it is billable (no further characters are possible), official title.
The first line names the release, the package and the SHA-256 of the tabular list that it was made from.
"""

import gzip
import hashlib
import importlib.metadata
import re
from importlib.resources import files
from pathlib import Path

import simple_icd_10_cm as icd  # type: ignore[import-not-found]

RELEASE = "2026-04-01"
TABLE = Path(__file__).parents[1] / "src/sachet/terminology/data/icd10cm.tsv.gz"


def main() -> None:
    tabular = files("simple_icd_10_cm") / "data/icd10c-tabular-April-1-2026.xml"
    digest = hashlib.sha256(tabular.read_bytes()).hexdigest()
    package = f"simple-icd-10-cm {importlib.metadata.version('simple-icd-10-cm')}"
    lines = [f"# ICD-10-CM\t{RELEASE}\t{package}\t{digest}"]
    lines += [
        f"{code}\t{int(icd.is_leaf(code))}\t{' '.join(icd.get_description(code).split())}"
        for code in sorted(set(icd.get_all_codes(with_dots=True)))
        if re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", code)
    ]
    TABLE.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), 9, mtime=0))
    print(f"{len(lines) - 1} codes, {TABLE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
