"""How long gitkb takes to convert PDFs, beside the least that any reader has to do: load each page and its text.

    python tests/benchmarks/pdf_speed.py PATH... [--pages N] [--rounds N] [--where]

PATH is a PDF, or a folder of which all PDFs are taken (of equal ones the first), until they have `--pages` pages together (by
default 1,000). The reference is pypdfium2, which gitkb reads with: its page, its text page, all characters of that, and nothing
else. Both run in one process, in turns, document by document, so that what else the machine does falls on both alike; times are
seconds of the processor, of the best round. `--where` tells in which modules gitkb spends them, by looking 500 times a second.
"""

import argparse
import gc
import hashlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

import pypdfium2

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gitkb.convert.converter import convert  # noqa: E402
from gitkb.errors import ConversionError  # noqa: E402
from gitkb.formats.settings import ConversionSettings  # noqa: E402

SETTINGS = ConversionSettings(1 << 30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
    parser.add_argument("--pages", type=int, default=1_000, help="how many pages together, at least")
    parser.add_argument("--rounds", type=int, default=3, help="how often each document is read; the best counts")
    parser.add_argument("--where", action="store_true", help="tell in which modules gitkb spends its time")
    options = parser.parse_args()
    files = chosen(options.paths, options.pages)
    if not files:
        print("no PDF that can be read below these paths")
        return 1
    gc.set_threshold(100_000, 20, 20)  # as in a worker
    convert(files[0][0], files[0][0].name, SETTINGS)  # imports
    ours = bare = 0.0
    for file, _ in files:
        rounds = [(seconds(lambda: converted(file)), seconds(lambda: text_of(file))) for _ in range(options.rounds)]  # noqa: B023
        ours += min(mine for mine, _ in rounds)
        bare += min(theirs for _, theirs in rounds)
    pages = sum(count for _, count in files)
    print(f"{len(files)} PDFs, {pages:,} pages: gitkb {ours:.2f} s, pypdfium2's text {bare:.2f} s, ratio {ours / bare:.2f}")
    print(f"milliseconds a page: gitkb {1000 * ours / pages:.2f}, pypdfium2's text {1000 * bare / pages:.2f}")
    if options.where:
        print("\n".join(where(file for file, _ in files)))
    return 0


def chosen(paths: Iterable[Path], pages: int) -> list[tuple[Path, int]]:
    """PDFs that both can read, with the number of their pages."""
    found: dict[str, tuple[Path, int]] = {}
    every = [file for path in paths for file in (sorted(path.rglob("*.pdf")) if path.is_dir() else [path])]
    for file in every:
        if sum(count for _, count in found.values()) >= pages:
            break
        try:
            with pypdfium2.PdfDocument(file) as document:
                found.setdefault(hashlib.sha256(file.read_bytes()).hexdigest(), (file, len(document)))
        except pypdfium2.PdfiumError:
            continue
    return list(found.values())


def converted(file: Path) -> None:
    try:
        convert(file, file.name, SETTINGS)
    except ConversionError as error:
        print(f"{file}: {error.message}", file=sys.stderr)


def text_of(file: Path) -> None:
    with pypdfium2.PdfDocument(file) as document:
        for page in document:
            text = page.get_textpage()
            text.get_text_range()
            text.close()
            page.close()


def seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def where(files: Iterable[Path]) -> list[str]:
    """The share of the time in each module of gitkb, what it calls in other libraries included."""
    modules: Counter[str] = Counter()
    functions: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        while frame is not None and not frame.f_code.co_filename.startswith(str(ROOT / "gitkb")):
            frame = frame.f_back
        if frame is not None:
            name = Path(frame.f_code.co_filename).relative_to(ROOT).as_posix()
            modules[name] += 1
            functions[f"{name}: {frame.f_code.co_qualname}"] += 1

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, 0.002, 0.002)
    for file in files:
        converted(file)
    signal.setitimer(signal.ITIMER_PROF, 0)
    total = sum(modules.values()) or 1
    shares = (*modules.most_common(12), *functions.most_common(20))
    return [f"{100 * count / total:5.1f} %  {name}" for name, count in shares]


if __name__ == "__main__":
    sys.exit(main())
