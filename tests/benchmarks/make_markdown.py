"""Generates Markdown files of about 10 kB for the benchmarks: seeded, with headings, definitions and links."""

import random
import sys
from pathlib import Path

SUBJECTS = "buffer journal page record lock index query worker cache replica segment cursor snapshot partition scheduler".split()
KINDS = "ordered append-only in-memory shared durable lock-free sharded adaptive cooperative persistent".split()
VERBS = "writes reads flushes copies orders validates replays compacts publishes merges".split()


def sentence(rng: random.Random) -> str:
    """A plausible English sentence of eight to twenty words."""
    parts = [
        f"The {rng.choice(KINDS)} {rng.choice(SUBJECTS)} {rng.choice(VERBS)} every {rng.choice(SUBJECTS)}",
        f"before the {rng.choice(KINDS)} {rng.choice(SUBJECTS)} {rng.choice(VERBS)} its {rng.choice(SUBJECTS)}",
        f"in step {rng.randrange(10_000)}",
    ]
    return f"{' '.join(parts)}."


def document(rng: random.Random, number: int, size: int) -> str:
    """One Markdown file of about `size` bytes with a definition and ten or so sections."""
    kind, subject = rng.choice(KINDS), rng.choice(SUBJECTS)
    lines = [f"# {kind.capitalize()} {subject} {number}", ""]
    lines += [f"A {kind} {subject} is a structure that keeps case {number} apart from the others.", ""]
    length = 0
    while length < size:
        block = [f"## {rng.choice(KINDS).capitalize()} {rng.choice(SUBJECTS)} of case {number}", ""]
        block += [" ".join(sentence(rng) for _ in range(6)), ""]
        length += sum(len(line) + 1 for line in block)
        lines += block
    return "\n".join(lines) + "\n"


def make(folder: Path, count: int, *, size: int = 10_000, seed: int = 1, per_folder: int = 50) -> None:
    """Writes `count` files in nested folders of `per_folder` files each; the same seed gives the same files."""
    rng = random.Random(seed)
    for number in range(count):
        group = number // per_folder
        file = folder / f"part-{group // 20:03d}" / f"group-{group % 20:02d}" / f"case-{seed}-{number:06d}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document(rng, number + 1_000_000 * seed, size), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
