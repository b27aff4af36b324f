"""Make src/sachet/terminology/data/iso4217.txt from the official list inside the package iso4217 (public domain).

usage: pip install iso4217==1.16.20260101 && python scripts/iso4217_table.py

The first line names the day of publication and the package, each other line is the code of a currency.
"""

import importlib.metadata
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

TABLE = Path(__file__).parents[1] / "src/sachet/terminology/data/iso4217.txt"


def main() -> None:
    list_one = ElementTree.fromstring((files("iso4217") / "table.xml").read_bytes())
    codes = sorted({entry.text for entry in list_one.iter("Ccy") if entry.text})
    published, package = list_one.attrib["Pblshd"], f"iso4217 {importlib.metadata.version('iso4217')}"
    TABLE.write_text("\n".join([f"# ISO 4217, {published}, {package}", *codes, ""]), "utf-8")
    print(f"{len(codes)} codes")


if __name__ == "__main__":
    main()
