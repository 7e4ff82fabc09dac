"""What the diff of an ingest costs: 50 documents into a knowledge base of 500, as a person waits for it.

    python tests/benchmarks/diff_speed.py [FOLDER]

FOLDER holds documents of any format (550 or more); without it they are generated. The catalog stands at the tip, as after
an `add`; the last figure is without any catalog.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from make_markdown import make

BEFORE, NEW = 500, 50
ROUNDS = 5


def gitkb(kb: Path, *arguments: str) -> tuple[float, str]:
    """Seconds and output of one command in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "gitkb", *arguments, "--kb", str(kb)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, done.stdout


def documents(top: Path) -> Path:
    """A folder of exactly as many documents as are needed, every eleventh of which is to come later."""
    source = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else top / "generated"
    if len(sys.argv) < 2:
        make(source, BEFORE + NEW, size=4_000)
    files = sorted(file for file in source.rglob("*") if file.is_file())[: BEFORE + NEW]
    for number, file in enumerate(files):
        target = top / ("new" if number % (BEFORE // NEW + 1) == 0 else "old") / "docs" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return top


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        top = documents(Path(name))
        kb = top / "kb"
        subprocess.run([sys.executable, "-m", "gitkb", "init", str(kb)], check=True, stdout=subprocess.DEVNULL)
        for folder in ("old", "new"):
            subprocess.run(
                [sys.executable, "-m", "gitkb", "add", str(top / folder / "docs"), "--into", f"docs-{folder}", "--kb", str(kb)],
                stdout=subprocess.DEVNULL,
                check=False,
            )
        for form in ("text", "markdown", "json"):
            seconds = [gitkb(kb, "diff", "--format", form)[0] for _ in range(ROUNDS)]
            print(f"{form}: median {median(seconds):.2f} s, all {[round(second, 2) for second in seconds]}")
        (kb / ".git" / "gitkb" / "catalog.sqlite").unlink()
        print(f"without a catalog: {gitkb(kb, 'diff')[0]:.2f} s")
        print("\n".join(gitkb(kb, "diff")[1].splitlines()[:24]))


if __name__ == "__main__":
    main()
