"""Whether what a model is asked grows with the knowledge base: the prompts of the first documents against those of the last.

    python tests/benchmarks/prompt_growth.py [COUNT]

COUNT (10,000) Markdown files of the same size about the same few subjects go into one knowledge base, with a server on loopback
that answers at once. Prints the mean size of the prompts of ten documents from the 10th on and of the last ten, and the largest
prompts for overviews and pairs of names.
"""

import re
import sys
import tempfile
from pathlib import Path
from statistics import mean

from model_speed import gitkb

from tests.benchmarks.make_markdown import make
from tests.support.compiling_model import writing
from tests.support.model_server import Asked, serving

TEN = 10


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name, serving(writing) as server:
        folder = Path(name)
        make(folder / "docs", count, size=2_000)
        seconds, summary = gitkb(folder, server, "kb", "docs")
        digests: dict[int, int] = {}
        others: dict[str, int] = {}
        for seen in server.seen:
            asked = Asked(seen.body, 0, 0, {})
            size = len(asked.text)
            found = re.search(r"keeps case (\d+) apart", asked.text)
            if asked.purpose == "digest" and found:
                digests[int(found[1])] = size
            else:
                others[asked.purpose] = max(others.get(asked.purpose, 0), size)
    sizes = [digests[number] for number in sorted(digests)]
    first, last = mean(sizes[TEN : 2 * TEN]), mean(sizes[-TEN:])
    print(
        f"{summary['added']} documents in {seconds:.0f} s, {server.calls} calls; prompts of documents {TEN} to {2 * TEN - 1}:"
        f" {first:.0f} characters, of the last {TEN}: {last:.0f} ({last / first - 1:+.1%});"
        f" largest others: {', '.join(f'{purpose} {size}' for purpose, size in sorted(others.items()))}"
    )


if __name__ == "__main__":
    main()
