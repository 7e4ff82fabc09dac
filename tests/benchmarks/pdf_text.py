"""How well gitkb reads PDFs, on other people's tests: what must be there, what must not, in which order, in which cell.

    python tests/benchmarks/pdf_text.py --corpora DIR [-v] [--reader NAME]

DIR holds four public GitHub repositories, each at its commit in a folder `owner+name` (titles/README.md has a shell function):

    allenai/olmocr f7cfe4c22098b154c76b6ec950d1c0a464eecf8d
    py-pdf/benchmarks 24c51dd4194b93fc55d4615f0b6ed9b6ef67b359
    py-pdf/sample-files 6921079eb3e1ed0944db5ec75016910d59da7fdb
    MartinThoma/seminar-pixel-exact-classification ea8a41ee728245232db477dee22c999b3a35091a

olmocr: the sample tests in olmocr/bench/sample_data, one line of JSON each, about one page of a PDF. `present` and `absent` name
a text; `order` names two, the first of which starts somewhere before the second; `table` names a cell and what stands beside it,
above it, or at the head of its column or row. `max_diffs` says how many letters may differ. White space, emphasis, shapes of
quotes and dashes do not count. The tests of formulas are left out. In a Markdown table the first row and the first column are
headings, in an HTML table what is marked so. This is our own scorer for that format; on the Markdown of gitkb and the text of
pypdfium2 it agreed with olmocr's own on each of the 87 tests. Two of the pages have no text without OCR, others only broken text.

py-pdf: the true texts of GeoTopo (117 pages, two sizes of print, German) and of a survey in two columns, beside what is read.
Words: F1 of the words, each as often as it occurs. Order: F1 of the longest sequence of words that both have in this order.
Words parted at the end of a line are joined for all alike, ligatures are spelled out, and Markdown is taken as its text.

The readers: gitkb as it is, with `convert.ocr: auto` (pages that are pictures) and with `all` (the pictures in pages as well),
both of which need `gitkb[ocr]`; beside them in the same run the plain text of pypdfium2, `pdftotext -raw` (of poppler) and pypdf.
The true texts have no page that is a picture, so they are read without OCR only. Only Markdown has tables.
"""

import argparse
import html
import json
import logging
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
Reader = Callable[[Path], str]
Table = list[
    list[tuple[str, bool, int]]
]  # rows of (text, is a heading, number of the cell): a cell that spans stands in each place
SHAPES = str.maketrans(
    {**dict.fromkeys("‘’‚", "'"), **dict.fromkeys("“”„", '"'), **dict.fromkeys("–—‑‒−", "-"), "＿": "_", "µ": "μ"}
)
SIDES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
TRUE_TEXTS = {
    "GeoTopo": ("GeoTopo-book.txt", "py-pdf+sample-files/009-pdflatex-geotopo/GeoTopo-komprimiert.pdf"),
    "survey": ("1602.06541.txt", "MartinThoma+seminar-pixel-exact-classification/LaTeX/vorlage.pdf"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", metavar="DIR", type=Path, required=True, help="the folder that holds the repositories")
    parser.add_argument("--reader", metavar="NAME", choices=sorted(READERS), help="only this one")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test that gitkb fails")
    options = parser.parse_args()
    readers = {name: reader for name, reader in READERS.items() if name == (options.reader or name)}
    print("\n".join(report(readers, options.corpora, options.verbose)))
    return 0


def report(readers: dict[str, Reader], corpora: Path, verbose: bool = False) -> Iterator[str]:
    """Yields a table, a line a reader, then what gitkb fails."""
    kinds = ("present", "absent", "order", "table")
    yield (
        f"{'reader':<18}"
        + "".join(f"{kind:>9}" for kind in (*kinds, "olmocr"))
        + "".join(f"{f'{name} {what}':>15}" for name in TRUE_TEXTS for what in ("words", "order"))
    )
    failures = []
    for name, reader in readers.items():
        outcomes = olmocr(reader, corpora)
        failures += [(name, test) for test, passed in outcomes if not passed and name in (GITKB, *BY_OCR)]
        counts = [[passed for test, passed in outcomes if kind in (test["type"], "all")] for kind in (*kinds, "all")]
        documents = () if name in BY_OCR else TRUE_TEXTS
        scores = [score for document in documents for score in true_text(reader, corpora, document)]
        passed = "".join(f"{f'{sum(each)}/{len(each)}':>9}" for each in counts)
        yield f"{name:<18}{passed}" + "".join(f"{score:15.3f}" for score in scores)
    if verbose:
        yield from (f"{name} fails {test['id']} {json.dumps(facts(test), ensure_ascii=False)}" for name, test in failures)


def facts(test: dict) -> dict:
    return {key: value for key, value in test.items() if key not in ("pdf", "page", "id", "checked")}


# Readers: a file to text, or to Markdown.


def gitkb_markdown(file: Path, ocr: str = "off") -> str:
    """The Markdown that gitkb stores; the only place here that imports it."""
    sys.path.insert(0, str(ROOT))
    from gitkb.convert.converter import convert
    from gitkb.errors import ConversionError
    from gitkb.formats.settings import ConversionSettings

    try:
        return convert(file, file.name, ConversionSettings(256 * 1024**2, ocr=ocr)).markdown
    except ConversionError:
        return ""  # a refused page has no text: `absent` passes, the rest fails


def pypdfium2_text(file: Path) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(file) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def pdftotext_raw(file: Path) -> str:
    return subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, text=True, encoding="utf-8").stdout


def pypdf_text(file: Path) -> str:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(file).pages)


GITKB, BY_OCR = "gitkb", {f"gitkb, OCR {what}": what for what in ("auto", "all")}
READERS: dict[str, Reader] = {
    GITKB: gitkb_markdown,
    **{name: partial(gitkb_markdown, ocr=what) for name, what in BY_OCR.items()},
    "pypdfium2": pypdfium2_text,
    "pdftotext -raw": pdftotext_raw,
    "pypdf": pypdf_text,
}


# olmocr's tests


def olmocr(reader: Reader, corpora: Path) -> list[tuple[dict, bool]]:
    """Runs all tests but those of formulas; each document is read once."""
    folder = corpora / "allenai+olmocr/olmocr/bench/sample_data"
    lines = (folder / "dataset.jsonl").read_text("utf-8").split("\n")
    tests = [test for test in (json.loads(line) for line in lines if line.strip()) if test["type"] != "math"]
    texts = {name: reader(folder / "pdfs" / name) for name in dict.fromkeys(test["pdf"] for test in tests)}
    return [(test, passes(test, texts[test["pdf"]])) for test in tests]


def passes(test: dict, text: str) -> bool:
    slack = test.get("max_diffs", 0)
    if test["type"] == "table":
        return any(cell_fits(test, table, slack) for table in tables(text))
    page = even(text)
    if test["type"] == "order":
        first, second = (starts(even(test[key]), page, slack) for key in ("before", "after"))
        return bool(first and second) and min(first) < max(second)
    wanted = even(test["text"])
    if not test.get("case_sensitive", True):
        wanted, page = wanted.casefold(), page.casefold()
    return bool(starts(wanted, part(page, test), slack)) == (test["type"] == "present")


def part(page: str, test: dict) -> str:
    """The beginning, the end, or both, where the test is about them only."""
    first, last = test.get("first_n"), test.get("last_n")
    if first and last:
        return page[:first] + page[-last:]
    return page[:first] if first else page[-last:] if last else page


def even(text: str) -> str:
    """The text without emphasis and differences of shape that do not count."""
    text = re.sub(r"<br ?/?>", " ", text)
    text = re.sub(r"</?[bi]>", "", text)
    text = re.sub(r"(\*\*|__|\*|_)(.+?)\1", r"\2", re.sub(r"(\*\*|__)(.+?)\1", r"\2", text))
    return unicodedata.normalize("NFC", " ".join(text.split())).translate(SHAPES)


def starts(wanted: str, page: str, slack: int) -> list[int]:
    """Where `wanted` begins in `page`, with at most `slack` letters inserted, deleted or replaced.

    Sellers' algorithm: a column of edit distances a letter of the page, each with the place where its match began.
    """
    if slack == 0:
        return [match.start() for match in re.finditer(re.escape(wanted), page)]
    column = [(row, 0) for row in range(len(wanted) + 1)]
    found = []
    for place, letter in enumerate(page):
        diagonal, column[0] = column[0], (0, place + 1)
        for row, expected in enumerate(wanted, 1):
            best = min(
                (diagonal[0] + (letter != expected), diagonal[1]),
                (column[row][0] + 1, column[row][1]),
                (column[row - 1][0] + 1, column[row - 1][1]),
            )
            diagonal, column[row] = column[row], best
        if column[-1][0] <= slack:
            found.append(column[-1][1])
    return found


def cell_fits(test: dict, table: Table, slack: int) -> bool:
    """Whether some cell has the text of the test, and the neighbours and headings that it names."""
    wanted = {key: even(test[key]) for key in (*SIDES, "top_heading", "left_heading") if test.get(key)}
    return any(
        same(even(table[row][column][0]), even(test["cell"]), slack)
        and all(any(same(even(text), each, slack) for text in related(table, row, column, side)) for side, each in wanted.items())
        for row in range(len(table))
        for column in range(len(table[row]))
    )


def same(found: str, wanted: str, slack: int) -> bool:
    return found == wanted or (slack > 0 and abs(len(found) - len(wanted)) <= slack and 0 in starts(wanted, found, slack))


def related(table: Table, row: int, column: int, side: str) -> list[str]:
    """The texts of the next cell on that side; for a heading, of the heading cells that way, or else of the last cell."""
    name = {"top_heading": "up", "left_heading": "left"}.get(side, side)
    cells = list(way(table, row, column, *SIDES[name]))
    if side == name:
        return [text for text, _, _ in cells[:1]]
    return [text for text, heading, _ in cells if heading] or [text for text, _, _ in cells[-1:]]


def way(table: Table, row: int, column: int, down: int, right: int) -> Iterator[tuple[str, bool, int]]:
    """The other cells in that direction, the nearest first; one that spans several places comes once."""
    last = table[row][column][2]
    while 0 <= (row := row + down) < len(table) and 0 <= (column := column + right) < len(table[row]):
        if table[row][column][2] != last:
            last = table[row][column][2]
            yield table[row][column]


def tables(markdown: str) -> list[Table]:
    return [*pipe_tables(markdown), *html_tables(markdown)]


def pipe_tables(markdown: str) -> Iterator[Table]:
    """Runs of two or more lines with a bar; the line of dashes is no row."""
    for run in re.findall(r"(?:^.*\|.*(?:\n|\Z))+", markdown, flags=re.MULTILINE):
        lines = [line for line in run.split("\n") if line.strip() and not re.fullmatch(r"[-: |]+", line.strip())]
        rows = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
        if len(rows) > 1 or run.count("\n") > 1:
            yield [[(cell, i == 0 or j == 0, i * 1000 + j) for j, cell in enumerate(row)] for i, row in enumerate(rows)]


def html_tables(markdown: str) -> Iterator[Table]:
    """HTML tables, each cell in every place that it spans."""
    for found in BeautifulSoup(markdown, "html.parser").find_all("table"):
        places: dict[tuple[int, int], tuple[str, bool, int]] = {}
        for i, row in enumerate(found.find_all("tr")):
            for number, cell in enumerate(row.find_all(["td", "th"], recursive=False)):
                j = next(j for j in range(10_000) if (i, j) not in places)
                entry = (cell.get_text(" "), cell.name == "th" or cell.find_parent("thead") is not None, i * 1000 + number)
                for down in range(span(cell.get("rowspan"))):
                    places.update(((i + down, j + right), entry) for right in range(span(cell.get("colspan"))))
        if places:
            size = max(i for i, _ in places) + 1, max(j for _, j in places) + 1
            yield [[places.get((i, j), ("", False, -1)) for j in range(size[1])] for i in range(size[0])]


def span(value: object) -> int:
    return min(int(str(value)), 100) if str(value).isdigit() and str(value) != "0" else 1


# The true texts of py-pdf/benchmarks


def true_text(reader: Reader, corpora: Path, document: str) -> tuple[float, float]:
    """Words and order of a document, each from 0 to 1."""
    truth, file = TRUE_TEXTS[document]
    wanted = words((corpora / "py-pdf+benchmarks/read/extraction-ground-truth" / truth).read_text("utf-8"))
    found = words(reader(corpora / file))
    common = sum((Counter(wanted) & Counter(found)).values())
    return f1(common, found, wanted), f1(longest_common(found, wanted), found, wanted)


def f1(hits: int, found: list[str], wanted: list[str]) -> float:
    return 2 * hits / (len(found) + len(wanted)) if hits else 0.0


def words(text: str) -> list[str]:
    """The words of a text or of Markdown: names of anchors, addresses and tags are no words, escapes are undone."""
    text = re.sub(
        r"<a (?:name|id)=[^>]*></a>|</?(?:a|b|i|br|sub|sup|table|thead|tbody|tr|td|th|p|div|span)(?: [^>]*)?/?>", " ", text
    )
    text = re.sub(r"\]\([^)\s]*\)", "]", text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&])", r"\1", html.unescape(text))
    text = unicodedata.normalize("NFKC", re.sub(r"(?<=\w)[-\u00ad\u2010\ufffe]\s*\n\s*(?=\w)|[\u00ad\ufffe]\s*", "", text))
    return re.findall(r"[^\W_]+", text)


def longest_common(found: list[str], wanted: list[str]) -> int:
    """The length of the longest common subsequence, with a bit for each wanted word (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(wanted):
        places[word] = places.get(word, 0) | 1 << place
    everything = (1 << len(wanted)) - 1
    row = everything
    for word in found:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & everything
    return len(wanted) - row.bit_count()


if __name__ == "__main__":
    sys.exit(main())
