"""The commands: parse arguments, call, print, exit.

Exit codes: 0 clean; 1 findings at or above the chosen severity, or something that would change on a server; 2 wrong
usage, unreadable input, or a server that cannot be used; 3 a bug in sachet; 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from sachet.cli import authoring, checking, publishing, reviewing, stamping, validation
from sachet.cli.common import BUG, CLEAN, INTERRUPTED, USAGE, UsageError
from sachet.finding import Severity
from sachet.version import VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    gc.set_threshold(100_000)  # little here is a cycle, and looking for them takes long
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used, and looking for them takes long
    parser = _parser()
    options = parser.parse_args(arguments)
    options.code = CLEAN
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        if sys.stdout is None:
            raise UsageError("there is no standard output to write to")
        run(options)
        sys.stdout.flush()
    except UsageError as e:
        print(f"sachet: {e}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as e:
        print(f"sachet: {f'{e.filename}: ' if e.filename else ''}{e.strerror or e}", file=sys.stderr)
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE
    except Exception:
        traceback.print_exc()
        print("sachet: this is a bug in sachet; please report it with the lines above", file=sys.stderr)
        return BUG
    code: int = options.code
    return code


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="sachet", description="Turns clinical documents into FHIR content packages.")
    parser.add_argument("--version", action="version", version=f"sachet {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], None], text: str, example: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=text, description=text, epilog=f"example:\n  {example}", formatter_class=form
        )
        made.set_defaults(run=run)
        return made

    for one in (*authoring.add(command), checking.add(command), stamping.add(command), validation.add(command)):
        severities = [str(s) for s in Severity]
        one.add_argument("--fail-on", choices=severities, default="error", help="exit 1 from this severity up (error)")
        one.add_argument("--quiet", action="store_true", help="print nothing but what was asked for")
    reviewing.add(command)
    publishing.add(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
