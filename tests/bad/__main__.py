"""Adds every bad input through the real command and says what became of each.

    python -m tests.bad [--only PART] [--quick] [--timeout SECONDS] [--memory MIB] [--jobs N] [--keep DIR]

Prints a table and a summary line; exits with 1 where anything was not as declared.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bad import batch
from tests.bad.batch import Report
from tests.bad.generate import all_cases, quick, write_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bad", description=__doc__)
    parser.add_argument("--only", default="", metavar="PART", help="only cases with this in their path")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="convert.timeout (default 30)")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB", help="convert.memory (default 1024)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new folder and keep it")
    options = parser.parse_args()
    cases = [case for case in all_cases() if options.only in case.path]
    cases = [case for case in (quick(cases) if options.quick else cases) if "locked" not in case.path or batch.can_lock()]
    limits = f"format: 1\nconvert:\n  timeout: {options.timeout}\n  memory: {options.memory * 1024**2}\n"
    with tempfile.TemporaryDirectory() as made:
        place = options.keep or Path(made)
        (place / "tmp").mkdir(parents=True)
        write_all(place / "bad", cases)
        report = batch.run(place / "bad", place / "kb", cases, limits, jobs=options.jobs, temporary=place / "tmp")
        for locked in (place / "bad").glob("**/locked*"):
            locked.chmod(0o700)
    tell(report)
    return 1 if report.unexpected or report.left else 0


def tell(report: Report) -> None:
    for verdict in report.verdicts:
        mark, outcome, path = "WRONG" if verdict.wrong else "ok", verdict.outcome or "-", repr(verdict.case.path)
        print(f"{mark:5}  {outcome:11}  {verdict.seconds:6.1f} s  {path:60.60}  {verdict.reason or '-'}")
    for verdict in report.unexpected:
        print(f"unexpected: {verdict.case.path!r}: {verdict.wrong}")
    for line in report.left:
        print(f"left: {line}")
    outcomes = [verdict.outcome for verdict in report.verdicts]
    longest = max((verdict.seconds for verdict in report.verdicts), default=0.0)
    print(
        f"{len(outcomes)} inputs: {outcomes.count('added')} added, {outcomes.count('failed')} failed, "
        f"{outcomes.count('unsupported')} no documents, {len(report.unexpected)} unexpected, {len(report.left)} things left; "
        f"longest {longest:.1f} s, most memory {report.watch.worker / 1024**2:,.0f} MiB in a worker and "
        f"{report.watch.owner / 1024**2:,.0f} MiB in the command, {report.seconds:,.0f} s in all."
    )


if __name__ == "__main__":
    sys.exit(main())
