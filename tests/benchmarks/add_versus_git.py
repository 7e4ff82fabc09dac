"""`gitkb add` of 1,000 Markdown files of 10 kB against a shell loop of `git add FILE && git commit` over the same files.

    python tests/benchmarks/add_versus_git.py [COUNT] [FOLDER]

The files are generated: dense prose without code or lists, the worst case for the compiler. With FOLDER they are the Markdown
files below it whose size is nearest to 10 kB.

Both run in turn on the same disk with fsync on (`core.fsync=all` for git; gitkb always does). Prints seconds and the ratio.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_markdown import make

LOOP = 'find docs -name "*.md" | sort | while read -r file; do git add "$file" && git commit -q -m "$file"; done'
IDENTITY = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "B"), ("EMAIL", "b@example.org"))
}


def run(command: list[str] | str, folder: Path) -> float:
    """Seconds of wall time; raises when the command fails."""
    started = time.perf_counter()
    subprocess.run(
        command, cwd=folder, shell=isinstance(command, str), check=True, env={**os.environ, **IDENTITY}, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def choose(folder: Path, target: Path, count: int) -> None:
    """Copies the files nearest to 10 kB, one of each content, in folders of fifty."""
    found = {file.read_bytes(): file for file in sorted(folder.rglob("*.md")) if file.is_file()}
    nearest = sorted(found, key=lambda data: (abs(len(data) - 10_000), data))[:count]
    for number, data in enumerate(nearest):
        file = target / f"part-{number // 50:03d}" / f"{number:04d}-{found[data].name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        (top / "loop").mkdir()
        if folder is None:
            make(top / "loop" / "docs", count)
        else:
            choose(folder, top / "loop" / "docs", count)
        run(["git", "init", "-q"], top / "loop")
        for key, value in (("core.fsync", "all"), ("gc.auto", "0")):
            run(["git", "config", key, value], top / "loop")
        run([sys.executable, "-m", "gitkb", "init", "kb"], top)
        ours = run([sys.executable, "-m", "gitkb", "add", "loop/docs", "--kb", "kb"], top)
        theirs = run(LOOP, top / "loop")
        size = sum(file.stat().st_size for file in (top / "loop" / "docs").rglob("*.md"))
        ratio = ours / theirs
        print(
            f"{count} files of {size / count / 1000:.1f} kB: gitkb add {ours:.1f} s, shell loop {theirs:.1f} s, ratio {ratio:.2f}"
        )


if __name__ == "__main__":
    main()
