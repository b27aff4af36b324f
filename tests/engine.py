"""HL7's validation engine, built from the Maven project in `hl7_engine` and run over files."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from maven import Program

HOME = Path(__file__).parent / "hl7_engine"
ENGINE = Program("HL7's engine", HOME, HOME / "target" / "hl7-engine.jar")

Row = dict[str, Any]


def command(release: str, definitions: Sequence[Path], threads: int, memory: str) -> list[str]:
    """The engine for a release, with definitions beside HL7's; unknown extensions are errors."""
    java = shutil.which("java") or "java"
    made = [java, f"-Xmx{memory}", "-XX:+UseParallelGC", "-jar", str(ENGINE.jar), "--fhir", release]
    for path in definitions:
        made += ["--profiles", str(path)]
    return [*made, "--any-ext", "no", "--no-best-practice", "--level", "warning", "--threads", str(threads)]


def validate(
    files: Sequence[Path], release: str, definitions: Path, threads: int = 2, memory: str = "4g"
) -> tuple[list[Row], Row]:
    """Judge files of one release, with the definitions of a package, by an engine started for them.

    Returns a row for each file, with its issues, and the summary.
    """
    asked = [*command(release, [definitions], threads, memory), *map(str, files)]
    run = subprocess.run(asked, capture_output=True, text=True, encoding="utf-8")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if not rows or not rows[-1].get("summary"):
        raise RuntimeError(f"HL7's engine failed:\n{run.stderr[-2000:]}")
    return rows[:-1], rows[-1]


class Engine:
    """One running engine, which judges as often as it is asked; it ends when it is closed, or with this process."""

    def __init__(self, release: str, definitions: Sequence[Path], threads: int = 1, memory: str = "4g") -> None:
        self._log: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = subprocess.Popen(
            [*command(release, definitions, threads, memory), "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )

    def judge(self, files: Sequence[Path], *, apart: bool = False) -> tuple[list[Row], Row]:
        """A row for each file (or JSON file of a folder) with its issues, and the summary.

        References lead to the other files of the request; `apart` lets each file stand alone.
        """
        *rows, summary = self._answers({"files": [str(f.absolute()) for f in files], "apart": apart})
        return rows, summary

    def judge_texts(self, texts: Mapping[str, bytes]) -> dict[str, list[Row]]:
        """The issues of each text, by its name, as if there were no other."""
        with tempfile.TemporaryDirectory() as folder:
            files = {name: Path(folder) / f"{number}.json" for number, name in enumerate(texts)}
            for name, file in files.items():
                file.write_bytes(texts[name])
            rows, _ = self.judge(list(files.values()), apart=True)
        return {name: row["issues"] for name, row in zip(files, rows, strict=True)}

    def _answers(self, request: dict[str, Any]) -> Iterator[Row]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            row = json.loads(line)
            yield row
            if row.get("summary"):
                return
        self._log.seek(0)
        raise RuntimeError(f"HL7's engine failed:\n{self._log.read()[-2000:]}")

    def close(self) -> None:
        """End the engine."""
        self._process.kill()
        self._process.communicate()
        self._log.close()


class Engines:
    """An engine for each release, started when it is first asked for."""

    def __init__(self, definitions: Mapping[str, Sequence[Path]]) -> None:
        self._definitions = definitions
        self._running: dict[str, Engine] = {}

    def __getitem__(self, release: str) -> Engine:
        if release not in self._running:
            self._running[release] = Engine(release, self._definitions[release])
        return self._running[release]

    def close(self) -> None:
        """End all engines."""
        for one in self._running.values():
            one.close()


if __name__ == "__main__":
    ENGINE.build_or_exit()
