"""Scores the converters on the documents below tests/data/conversion, each beside the Markdown it should become.

    python tests/benchmarks/conversion.py [--show NAME] [--docling DIR]

With `--docling DIR` it scores the real documents in the folder tests/data of the public repository
docling-project/docling instead, against the Markdown that project expects (`<format>/sources/X` and
`<format>/groundtruth/X.md`). Three numbers from 0 to 1 for each document: words in the same order, cells found in tables,
headings in the same order. Prints all of them and the ten worst; `--show` prints the differences of one document. Exits
with 1 where a document fails to convert.
"""

import argparse
import difflib
import html
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data/conversion"
sys.path.insert(0, str(ROOT))

from gitkb.convert.converter import convert  # noqa: E402
from gitkb.convert.formats import supported  # noqa: E402
from gitkb.convert.outline import outline, plain_text  # noqa: E402
from gitkb.errors import ConversionError  # noqa: E402
from gitkb.formats.settings import ConversionSettings  # noqa: E402


@dataclass(frozen=True)
class Score:
    """How close a conversion comes to what is expected; 1 is equal."""

    name: str
    text: float
    tables: float
    headings: float
    seconds: float
    reason: str = ""

    @property
    def mean(self) -> float:
        return (self.text + self.tables + self.headings) / 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", metavar="NAME", help="print the differences of one document")
    parser.add_argument("--docling", metavar="DIR", type=Path, help="score the documents of docling's tests/data")
    options = parser.parse_args()
    pairs = docling(options.docling) if options.docling else documents()
    pairs = [pair for pair in pairs if options.show in (None, pair[0].name)]
    scores = [score(*pair) for pair in pairs]
    if options.show:
        print("\n".join(line for pair in pairs for line in differences(*pair)))
    print(f"{'document':<40} {'text':>6} {'tables':>7} {'headings':>9} {'mean':>6} {'ms':>6}")
    for one in scores:
        print(row(one))
    print(f"\n{len(scores)} documents, mean {sum(one.mean for one in scores) / len(scores):.4f}. The ten worst:")
    for one in sorted(scores, key=lambda one: (one.mean, one.name))[:10]:
        print(row(one))
    return 1 if any(one.reason for one in scores) else 0


def documents() -> list[tuple[Path, Path]]:
    """All documents that have an expected text beside them, with it."""
    expected = sorted(DATA.glob("*.expected.md"))
    return [(file.with_name(file.name.removesuffix(".expected.md")), file) for file in expected]


def docling(folder: Path) -> list[tuple[Path, Path]]:
    """The documents of docling's tests/data in formats that gitkb reads, each with the Markdown expected there."""
    found = []
    for file in sorted(folder.glob("*/sources/*")):
        expected = file.parents[1] / "groundtruth" / f"{file.name}.md"
        if expected.is_file() and supported(file.name):
            found.append((file, expected))
    return found


def row(one: Score) -> str:
    numbers = f"{one.text:6.3f} {one.tables:7.3f} {one.headings:9.3f} {one.mean:6.3f} {one.seconds * 1000:6.0f}"
    return f"{one.name:<40} {numbers} {one.reason}"


def score(file: Path, expected: Path) -> Score:
    wanted = html.unescape(expected.read_text("utf-8"))
    start = time.perf_counter()
    try:
        found = convert(file, file.name, ConversionSettings(64 * 1024**2)).markdown
    except ConversionError as error:
        return Score(file.name, 0, 0, 0, time.perf_counter() - start, error.message)
    seconds = time.perf_counter() - start
    return Score(
        file.name,
        alike(words(found), words(wanted)),
        recall(cells(found), cells(wanted)),
        alike([h.title for h in outline(found)], [h.title for h in outline(wanted)]),
        seconds,
    )


def alike(found: list[str], wanted: list[str]) -> float:
    if not wanted:
        return 1.0 if not found else 0.0
    return difflib.SequenceMatcher(None, found, wanted, autojunk=False).ratio()


def recall(found: list[str], wanted: list[str]) -> float:
    left = list(found)
    hits = 0
    for cell in wanted:
        if cell in left:
            left.remove(cell)
            hits += 1
    return hits / len(wanted) if wanted else 1.0


def words(markdown: str) -> list[str]:
    text = re.sub(r'<a name="[^"]*"></a>|\]\([^)]*\)|^\|[ |:-]+\|$', " ", markdown, flags=re.MULTILINE)
    return re.findall(r"\w+|[\u3040-\u30ff\u4e00-\u9fff]", text)


def cells(markdown: str) -> list[str]:
    rows = [line for line in markdown.split("\n") if line.startswith("|") and not re.fullmatch(r"[|: -]+", line)]
    parts = (cell.strip() for line in rows for cell in re.split(r"(?<!\\)\|", line)[1:-1])
    return [plain_text(part.replace("\\|", "|")) for part in parts if part]


def differences(file: Path, expected: Path) -> list[str]:
    found = convert(file, file.name, ConversionSettings(64 * 1024**2)).markdown.split("\n")
    return list(difflib.unified_diff(expected.read_text("utf-8").split("\n"), found, "expected", "found", lineterm="", n=1))


if __name__ == "__main__":
    sys.exit(main())
