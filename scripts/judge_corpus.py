"""Let HL7's engine judge every resource of a folder's documents, and look for words that went nowhere.

usage: python scripts/judge_corpus.py FOLDER [RELEASE …]

Prints the errors, the kinds of warnings with how often they came, and the lost words; exits with 1 if there is any
error or lost word. The whole corpus takes some minutes for each release.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import engine
from coverage import contents, lost_words

from sachet.fhir.releases import RELEASES
from sachet.package.build import build
from sachet.package.documents import Input
from sachet.project import Project


def main(folder: Path, releases: list[str]) -> int:
    files = sorted(folder.glob("*.md"))
    project = Project(id="judged.corpus", canonical="https://example.com/fhir")
    engine.ENGINE.build_or_exit()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        built = build([Input(f, f.name, folder) for f in files], project, [RELEASES[r] for r in releases], out)
        print(f"{built.documents} of {len(files)} documents built")
        failed += built.documents != len(files)
        for package in built.packages:
            release = package.release.name
            lost = lost_words(package.package, folder)
            print(f"{release}: {len(lost)} lines with lost words", *lost, sep="\n  ")
            unpacked = out / release
            unpacked.mkdir()
            for name, resource in contents(package.package).items():
                if "resourceType" in resource:
                    (unpacked / Path(name).name).write_text(json.dumps(resource), "utf-8")
            rows, summary = engine.validate([unpacked], release, package.package, memory="8g")
            errors = [
                f"{r['file']} {i['location']}: {i['message']}"
                for r in rows
                for i in r["issues"]
                if i["severity"] in ("error", "fatal")
            ]
            kinds = Counter(
                (i["messageId"], r["resourceType"]) for r in rows for i in r["issues"] if i["severity"] == "warning"
            )
            print(
                f"{release}: {summary['files']} resources, {len(errors)} errors, {summary['validate_ms'] / 1000:.0f} s"
            )
            print(*errors, sep="\n")
            print(*(f"  {n} warnings {kind} in {where}" for (kind, where), n in kinds.most_common()), sep="\n")
            failed += len(errors) + len(lost)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:] or list(RELEASES)))
