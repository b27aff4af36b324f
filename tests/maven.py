"""Java programs that the tests ask, each built from a Maven project beside them."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A Maven project of ours whose `target` holds a runnable jar when it is built."""

    title: str
    home: Path
    jar: Path

    def unavailable(self) -> str | None:
        """Why the program cannot run here, or None."""
        missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
        return f"{self.title} needs {' and '.join(missing)}, not found on the PATH" if missing else None

    def build(self) -> None:
        """Build the program where its sources are newer than it; a failed download is tried three times.

        Raises RuntimeError, which says whether the sources or the download failed.
        """
        if self._is_built():
            return
        mvn = shutil.which("mvn") or "mvn"
        for attempt in range(3):
            time.sleep(5 * attempt)
            run = subprocess.run([mvn, "-q", "-B", "package"], cwd=self.home, capture_output=True, text=True)
            if run.returncode == 0:
                self._mark.touch()
                return
            if "COMPILATION ERROR" in run.stdout:
                raise RuntimeError(f"{self.title} does not compile:\n{run.stdout[-2000:]}")
        raise RuntimeError(f"download failed: Maven could not fetch {self.title}:\n{run.stdout[-2000:]}")

    def build_or_exit(self) -> None:
        """Build the program for a command line, which ends with the reason where it cannot run."""
        if reason := self.unavailable():
            sys.exit(reason)
        self.build()

    @property
    def _mark(self) -> Path:
        """Its time is the last complete build's: the jar is there before the libraries that it needs."""
        return self.home / "target" / "built"

    def _is_built(self) -> bool:
        sources = [self.home / "pom.xml", *(f for f in (self.home / "src").rglob("*") if f.is_file())]
        return self._mark.exists() and all(s.stat().st_mtime <= self._mark.stat().st_mtime for s in sources)
