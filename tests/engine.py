"""HL7's validation engine, built from the Maven project in `hl7_engine` and run over files."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maven import Program

HOME = Path(__file__).parent / "hl7_engine"
ENGINE = Program("HL7's engine", HOME, HOME / "target" / "hl7-engine.jar")


def validate(
    files: Sequence[Path], release: str, definitions: Path, threads: int = 2, memory: str = "4g"
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Judge files of one release, with the definitions of a package; unknown extensions are errors.

    Returns a row for each file, with its issues, and the summary.
    """
    java = shutil.which("java") or "java"
    command = [java, f"-Xmx{memory}", "-XX:+UseParallelGC", "-jar", str(ENGINE.jar), "--fhir", release]
    command += ["--profiles", str(definitions), "--any-ext", "no", "--no-best-practice", "--level", "warning"]
    command += ["--threads", str(threads), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if not rows or not rows[-1].get("summary"):
        raise RuntimeError(f"HL7's engine failed:\n{run.stderr[-2000:]}")
    return rows[:-1], rows[-1]


if __name__ == "__main__":
    ENGINE.build_or_exit()
