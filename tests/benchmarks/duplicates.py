"""How well names that mean the same thing are told from those that only look alike, on pairs labelled by hand.

    python tests/benchmarks/duplicates.py [-v]

The rules were tuned on one set and never on the other ("held out"). A class is the way in which gitkb finds two names to be
alike. "key" are pairs that share one page in any case; `gitkb lint --fix` merges pages of the classes marked with a star,
the others it proposes. Precision: of the pairs of a class, how many mean the same. Recall: of the pairs that mean the same,
how many are in the class. With -v each pair that a marked class gets wrong is printed.
"""

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from gitkb.formats.topic_rows import page_key
from gitkb.text.names.lookalikes import MERGED, likeness

DATA = Path(__file__).parents[1] / "data" / "duplicates" / "pairs.tsv"
Pair = Mapping[str, str]


def pairs() -> list[Pair]:
    """The labelled pairs."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def found_as(pair: Pair) -> str:
    """The class of a pair: "key" where both names have one page already, "" where nothing is found to be alike."""
    one, other = pair["one"], pair["other"]
    return "key" if page_key(one, "en") == page_key(other, "en") else likeness(one, other)


def figures(chosen: Iterable[Pair], among: Iterable[Pair]) -> tuple[int, int, int]:
    """Pairs chosen, how many of them mean the same, and how many of all do."""
    found = [pair["label"] == "same" for pair in chosen]
    return len(found), sum(found), sum(pair["label"] == "same" for pair in among)


def main() -> None:
    """Prints the figures."""
    everything = pairs()
    for name in ("tuned", "held out", "all"):
        among = [pair for pair in everything if name in (pair["set"], "all")]
        print(f"{name}: {len(among)} pairs, {sum(pair['label'] == 'same' for pair in among)} of them mean the same")
        for label in (*sorted({found_as(pair) for pair in among} - {""}), "merged"):
            _row(label, among)
    if "-v" in sys.argv:
        for pair in everything:
            if found_as(pair) in MERGED and pair["label"] != "same":
                print(f"wrong: {pair['one']} / {pair['other']} ({found_as(pair)})")


def _row(label: str, among: list[Pair]) -> None:
    chosen = [pair for pair in among if found_as(pair) == label or (label == "merged" and found_as(pair) in MERGED)]
    count, right, same = figures(chosen, among)
    star = "*" if label in MERGED or label == "merged" else " "
    precision = f"{right / count:.3f}" if count else "  -  "
    print(f"  {star} {label:10} {count:4} pairs  precision {precision}  recall {right / same:.3f}")


if __name__ == "__main__":
    main()
