"""How well gitkb tells claims that follow from their quote from those that do not, on pairs labelled by reading them.

    python tests/benchmarks/backing.py [-v]

The rules were tuned on one set and never on the other ("held out"); both were written as a careful and a careless model would
answer, from manuals in four languages. The "fresh" ones came last, with what a small model adds from general knowledge, and
decided the share of words that a passage must have. Precision: of the claims that get in, how many follow. Recall: of those that
follow, how many get in. Three in five of the pairs are false ones, far more than a model writes. With -v each wrong decision on
the tuned set is printed.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from gitkb.compile.grounding.supports import objection

DATA = Path(__file__).parents[1] / "data" / "backing"
Counts = Counter[tuple[bool, bool]]


def main() -> None:
    """Prints the figures."""
    for name in ("tuned", "held_out", "fresh"):
        counts: dict[str, Counts] = {name.replace("_", " "): Counter()}
        for passage in json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")):
            for claim in passage["claims"]:
                against = objection(claim["text"], passage["passage"], passage["language"])
                decision = (not against, claim["follows"])
                for group in (name.replace("_", " "), f"  {passage['language']}"):
                    counts.setdefault(group, Counter())[decision] += 1
                if decision[0] != decision[1] and "-v" in sys.argv and name == "tuned":
                    print(
                        f"{'kept' if decision[0] else against:9} {claim['kind']}: {claim['text']}\n          {passage['passage']}"
                    )
        for group, counted in counts.items():
            print(f"{group:9} {_figures(counted)}")


def _figures(counted: Counts) -> str:
    kept, right = counted[True, True] + counted[True, False], counted[True, True] + counted[False, True]
    refused = counted[False, False]
    wrong = refused + counted[True, False]
    return (
        f"{sum(counted.values()):4} pairs  precision {counted[True, True] / kept:.3f}  recall {counted[True, True] / right:.3f}  "
        f"({refused} of {wrong} false ones refused)"
    )


if __name__ == "__main__":
    main()
