"""HL7's validation engine, built from the Maven project in `hl7_engine` and run over files."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent / "hl7_engine"
JAR = HOME / "target" / "hl7-engine.jar"


def unavailable() -> str | None:
    """Why the engine cannot run here, or None."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    return f"HL7's engine needs {' and '.join(missing)}, not found on the PATH" if missing else None


def build() -> None:
    """Build the engine where its sources are newer than it; a failed download is tried three times."""
    sources = [HOME / "pom.xml", *(HOME / "src").rglob("*.java")]
    if JAR.exists() and all(s.stat().st_mtime <= JAR.stat().st_mtime for s in sources):
        return
    mvn = shutil.which("mvn") or "mvn"
    for attempt in range(3):
        run = subprocess.run([mvn, "-q", "-B", "package"], cwd=HOME, capture_output=True, text=True)
        if run.returncode == 0:
            return
        if "COMPILATION ERROR" in run.stdout:
            raise RuntimeError(f"HL7's engine does not compile:\n{run.stdout[-2000:]}")
        time.sleep(5 * attempt)
    raise RuntimeError(f"download failed: Maven could not fetch HL7's engine:\n{run.stdout[-2000:]}")


def validate(
    files: Sequence[Path], release: str, definitions: Path, threads: int = 2, memory: str = "4g"
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Judge files of one release, with the definitions of a package; unknown extensions are errors.

    Returns a row for each file, with its issues, and the summary.
    """
    java = shutil.which("java") or "java"
    command = [java, f"-Xmx{memory}", "-XX:+UseParallelGC", "-jar", str(JAR), "--fhir", release]
    command += ["--profiles", str(definitions), "--any-ext", "no", "--no-best-practice", "--level", "warning"]
    command += ["--threads", str(threads), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if not rows or not rows[-1].get("summary"):
        raise RuntimeError(f"HL7's engine failed:\n{run.stderr[-2000:]}")
    return rows[:-1], rows[-1]


if __name__ == "__main__":
    if reason := unavailable():
        sys.exit(reason)
    build()
