"""Print how well the labelled documents are read: precision and recall of doses and contraindications.

usage: python scripts/score_labels.py FOLDER [--details]

FOLDER holds the documents of the corpus. --details names what was missed and made up, of the tuned half alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from labelled import score


def main(corpus: Path, details: bool) -> None:
    for folder in ("tuned", "kept"):
        for what, found in zip(("medications", "contraindications"), score(folder, corpus), strict=True):
            counts = f"{found.hits} read, {len(found.missed)} missed, {len(found.extra)} made up"
            print(f"{folder}, {what}: precision {found.precision:.1%}, recall {found.recall:.1%} ({counts})")
            for row in (*found.missed, "made up:", *found.extra) if details and folder == "tuned" else ():
                print(f"  {row}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    main(Path(sys.argv[1]), "--details" in sys.argv)
