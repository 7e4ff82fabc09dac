"""Fuzzes gitkb's own parsers for as long as you like: python tests/benchmarks/fuzz.py --seconds 60 [TARGET...]

Uses atheris (coverage-guided; `pip install atheris`) where it is there, else hypothesis with many examples. A failure names the
target and its input. With --slow it times every target on 25, 50 and 100 kB of each kind of repeated mark instead, and lists
those whose time grows faster than the input.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
SIZES = (25_000, 50_000, 100_000)
UNHURRIED = 0.2
"""Seconds that an input of 100 kB may take however they grow."""


def atheris_campaign(target: str, seconds: int) -> None:
    """Runs one target under atheris in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["gitkb"]):
        from tests.support.fuzz_targets import TARGETS

    check = TARGETS[target]

    def one(data: bytes) -> None:
        check(data.decode("utf-8", "surrogateescape" if data[:1] == b"\0" else "replace"))

    from tests.test_fuzz import MARKS

    words = Path(os.environ.get("TMPDIR", "/tmp")) / f"gitkb-fuzz-{os.getpid()}.dict"
    marks = [mark.encode("utf-8", "surrogatepass") for mark in MARKS]
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in mark[:60]) + '"\n' for mark in marks))
    options = [f"-max_total_time={seconds}", "-max_len=4096", f"-dict={words}", f"-artifact_prefix={words}-", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options], one)
    try:
        atheris.Fuzz()
    finally:
        words.unlink(missing_ok=True)


def hypothesis_campaign(target: str, seconds: int) -> None:
    """Runs one target on new examples until the time is over."""
    from hypothesis import HealthCheck, given, settings

    from tests.support.fuzz_targets import TARGETS
    from tests.test_fuzz import TEXTS

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))(
            given(text=TEXTS)(TARGETS[target])
        )()


def slow(targets: list[str]) -> int:
    """Lists the target and mark of every time that grows faster than its input."""
    from tests.support.fuzz_targets import TARGETS
    from tests.test_fuzz import MARKS

    found = 0
    for name in targets:
        worst = 0.0
        for mark in (*MARKS, "a[", "[a](", "*a", "- a\n", "> a\n", "<a ", "[^a]", "`a", "|a", "a: b\n", '{"a":', "a b. "):
            times = []
            for size in SIZES:
                text = (mark * (size // len(mark) + 1))[:size]
                started = time.process_time()
                TARGETS[name](text)
                times.append(time.process_time() - started)
            worst = max(worst, times[-1])
            if times[-1] > UNHURRIED and times[-1] > 3 * times[1]:
                found += 1
                print(f"{name}: {mark[:20]!r} {' '.join(f'{seconds:.2f}' for seconds in times)} s", flush=True)
        print(f"{name}: at most {worst:.2f} s for 100 kB", flush=True)
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    campaign = atheris_campaign if importlib.util.find_spec("atheris") else hypothesis_campaign
    if asked.one:
        campaign(asked.targets[0], asked.seconds)
        return 0
    from tests.support.fuzz_targets import TARGETS

    targets = asked.targets or list(TARGETS)
    if asked.slow:
        return slow(targets)
    failed = []
    for name in targets:
        command = [sys.executable, __file__, "--one", name, "--seconds", str(asked.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        result = "failed" if done.returncode else "nothing found"
        print(f"{name}: {result} in {asked.seconds} s by {campaign.__name__}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stderr[-3000:], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
