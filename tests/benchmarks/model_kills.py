"""Kills an `add` with a model at random moments, finishes it, and compares tree and requests with an undisturbed run.

    python tests/benchmarks/model_kills.py [--kills 20] [--count 24] [--delay 0.1] [--seed 1]

Each of the kills strikes a run of its own, at a moment drawn evenly from the length of the undisturbed one; then the same
command goes on. A last run is killed again and again until nothing is left to kill. Whatever the server had answered a quarter
of a second before a kill must not be asked again; what was under way at that moment may.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.benchmarks.make_markdown import make  # noqa: E402
from tests.support.compiling_model import writing  # noqa: E402
from tests.support.model_server import ModelServer, serving  # noqa: E402

ARRIVAL = 0.25
MOST = 40


def program(folder: Path, server: ModelServer, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "x", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gitkb", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(folder: Path, server: ModelServer, *arguments: str) -> float:
    """Seconds that a command took; it has to succeed."""
    started = time.monotonic()
    code = program(folder, server, *arguments).wait()
    assert code == 0, (arguments, code)
    return time.monotonic() - started


def killed(folder: Path, server: ModelServer, name: str, after: float) -> tuple[float, bool]:
    """When an `add` was killed, and whether it still ran."""
    process = program(folder, server, "add", "docs", "--kb", name)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return time.monotonic(), True
    return time.monotonic(), False


def new(folder: Path, server: ModelServer, name: str) -> None:
    finished(folder, server, "init", name, "--compiler", "llm", "--model", "test-model")


def tree(folder: Path, name: str) -> str:
    shown = subprocess.run(
        ["git", "-C", name, "rev-parse", "HEAD^{tree}"], cwd=folder, capture_output=True, text=True, check=True
    )
    return shown.stdout


def judged(server: ModelServer, kills: list[float]) -> tuple[int, int]:
    """(requests sent again though no kill came between their question and their answer's arrival, the others sent again)."""
    asked: dict[str, float] = {}
    for each in server.seen:
        asked.setdefault(each.hash, each.at)
    again = list(server.repeated)
    under_way = [each for each in again if any(asked[each] <= kill <= server.answered[each] + ARRIVAL for kill in kills)]
    return len(again) - len(under_way), len(under_way)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, value in (("kills", 20), ("count", 24), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--delay", type=float, default=0.1)
    chosen = parser.parse_args()
    randomly, other, paid, open_ = random.Random(chosen.seed), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        make(folder / "docs", chosen.count, size=4_000)
        with serving(writing, delay=chosen.delay) as calm:
            new(folder, calm, "whole")
            length = finished(folder, calm, "add", "docs", "--kb", "whole")
        struck = 0
        for number in range(chosen.kills + 1):
            name, times = f"kb{number}", MOST if number == chosen.kills else 1
            with serving(writing, delay=chosen.delay) as server:
                new(folder, server, name)
                kills = []
                for _ in range(times):
                    moment, ran = killed(folder, server, name, randomly.uniform(0.1, length))
                    struck += ran
                    kills.append(moment)
                    if not ran:
                        break
                finished(folder, server, "add", "docs", "--kb", name)
            wrong, under_way = judged(server, kills)
            paid, open_ = paid + wrong, open_ + under_way
            other += tree(folder, name) != tree(folder, "whole")
    print(
        f"{struck} kills in {chosen.kills + 1} runs of {calm.calls} requests each, {length:.1f} s long:"
        f" {other} ended in another tree; {paid} answered requests were sent again, {open_} that were under way"
    )
    return 1 if other or paid else 0


if __name__ == "__main__":
    sys.exit(main())
