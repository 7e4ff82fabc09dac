"""How long it takes to add a folder of small Markdown documents, to follow its renaming, and to make all documents again.

    python tests/benchmarks/rename_speed.py [--documents 1000]

Prints one line. A rename costs what an add costs at most: nothing is converted again, but there are twice the files to write.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_markdown import document


def _seconds(*arguments: str | Path) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "gitkb", *map(str, arguments)], check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--documents", type=int, default=1000)
    count = parser.parse_args().documents
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for number in range(count):
            folder = top / "docs" / "old" / f"part-{number % 20}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"note-{number}.md").write_text(document(rng, number, 1000), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "gitkb", "init", str(top / "kb")], check=True, capture_output=True)
        add = _seconds("add", top / "docs", "--kb", top / "kb")
        (top / "docs" / "old").rename(top / "docs" / "new")
        rename = _seconds("add", top / "docs", "--kb", top / "kb")
        again = _seconds("recompile", "--all", "--kb", top / "kb")
    print(
        f"{count:,} documents: add {add:.1f} s, rename of their folder {rename:.1f} s, recompile without a change {again:.1f} s"
    )


if __name__ == "__main__":
    main()
