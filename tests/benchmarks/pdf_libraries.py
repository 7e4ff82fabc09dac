"""Which library reads PDFs best: olmocr's tests, py-pdf's true texts and the speed on twenty papers, a line a library.

    python -m venv VENV && VENV/bin/pip install ./ docling-parse kreuzberg "markitdown[pdf]" pdf_oxide "pymupdf4llm==1.28.2"
    VENV/bin/python tests/benchmarks/pdf_libraries.py --corpora DIR > tests/benchmarks/pdf_libraries.md

DIR holds what pdf_text.py needs, and YovRen/Papers (commit 6abca0e6523a3b455678577f02a776e054a710e1) in the folder
`YovRen+Papers`. The libraries are for this table only and are no part of gitkb; pymupdf4llm is under the AGPL, a yardstick and
nothing else. Each runs in a process of its own, one at a time, with its defaults and no OCR. Speed: the first twenty papers by
name, read once each, in pages a second of processor time (all threads and child processes together), so that a busy machine
changes little; the start of the library is left out. Memory: the highest of its process over all that it read. A library that
fails on a file has no text there; failures are counted.
"""

import argparse
import importlib.metadata
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pdf_text

SECONDS = 900  # of processor time; what takes longer is ended by the system


def pypdfium2_gitkb(file: Path) -> str:
    return pdf_text.gitkb_markdown(file)


def pdf_oxide_text(file: Path) -> str:
    import pdf_oxide

    pdf_oxide.disable_logging()
    document = pdf_oxide.PdfDocument(str(file))
    return "\n".join(document.extract_text(page) for page in range(document.page_count()))


def pdf_oxide_markdown(file: Path) -> str:
    import pdf_oxide

    pdf_oxide.disable_logging()
    return pdf_oxide.PdfDocument(str(file)).to_markdown_all(embed_images=False)


def pdf_oxide_spans(file: Path) -> str:
    import pdf_oxide

    pdf_oxide.disable_logging()
    document = pdf_oxide.PdfDocument(str(file))
    return "\n".join(span.text for page in range(document.page_count()) for span in document.extract_spans(page))


def docling_parse_lines(file: Path) -> str:
    """The lines in the order that the parser gives; docling's own order and tables need its models."""
    from docling_parse.pdf_parser import DoclingPdfParser

    document = DoclingPdfParser(loglevel="fatal").load(str(file))
    pages = (document.get_page(number) for number in range(1, document.number_of_pages() + 1))
    return "\n".join(cell.text for page in pages for cell in page.textline_cells)


def pymupdf4llm_markdown(file: Path) -> str:
    import pymupdf4llm

    return pymupdf4llm.to_markdown(str(file), use_ocr=False, show_progress=False)


def pymupdf_text(file: Path) -> str:
    import pymupdf

    with pymupdf.open(file) as document:
        return "\n".join(page.get_text() for page in document)


def markitdown_markdown(file: Path) -> str:
    import markitdown

    return markitdown.MarkItDown().convert(str(file)).text_content


def kreuzberg_markdown(file: Path) -> str:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False, disable_ocr=True)
    return kreuzberg.extract_file_sync(str(file), config=config).content


READERS: dict[str, tuple[pdf_text.Reader, str, str]] = {  # the reader, its package, its licence
    "gitkb (pypdfium2, pypdf)": (pypdfium2_gitkb, "pypdfium2", "-"),
    "pypdfium2, text": (pdf_text.pypdfium2_text, "pypdfium2", "BSD-3-Clause, Apache-2.0"),
    "pypdf, text": (pdf_text.pypdf_text, "pypdf", "BSD-3-Clause"),
    "pdftotext -raw": (pdf_text.pdftotext_raw, "", "GPL-2.0-or-later"),
    "pdf_oxide, text": (pdf_oxide_text, "pdf_oxide", "MIT, Apache-2.0"),
    "pdf_oxide, spans": (pdf_oxide_spans, "pdf_oxide", "MIT, Apache-2.0"),
    "pdf_oxide, Markdown": (pdf_oxide_markdown, "pdf_oxide", "MIT, Apache-2.0"),
    "docling-parse, lines": (docling_parse_lines, "docling-parse", "MIT"),
    "kreuzberg, Markdown": (kreuzberg_markdown, "kreuzberg", "MIT"),
    "markitdown": (markitdown_markdown, "markitdown", "MIT"),
    "pymupdf, text": (pymupdf_text, "pymupdf", "AGPL-3.0"),
    "pymupdf4llm, Markdown": (pymupdf4llm_markdown, "pymupdf4llm", "AGPL-3.0"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", metavar="DIR", type=Path, required=True, help="the folder that holds the repositories")
    parser.add_argument("--one", metavar="NAME", choices=sorted(READERS), help="measure this one here and print its figures")
    options = parser.parse_args()
    if options.one:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        print(json.dumps(measure(READERS[options.one][0], options.corpora)))
        return 0
    for line in table(options.corpora):
        print(line, flush=True)
    return 0


def table(corpora: Path) -> Iterator[str]:
    yield "# PDF libraries on other people's documents\n"
    yield "Made by `pdf_libraries.py` (which says how), one run. Words and order: F1 against the true text, GeoTopo / survey.\n"
    heads = ("reader", "version", "licence", "present", "absent", "order", "table", "olmocr")
    heads += ("words", "order of words", "pages a CPU second", "MiB", "failed")
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    best: set[str] = set()
    for name, (_, package, licence) in READERS.items():
        version = importlib.metadata.version(package) if package else poppler()
        start = f"| {name} | {version} | {licence} |"
        command = [sys.executable, __file__, "--corpora", str(corpora), "--one", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            yield f"{start} ended with {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1][:100]} |"
            continue
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        passed = set(figures.pop("passed"))
        best |= passed if "AGPL" not in licence else set()
        yield f"{start} {' | '.join(str(figure) for figure in figures.values())} |"
    yield f"\nTests that at least one of them passes, those under the AGPL apart: {len(best)} of 87."


def poppler() -> str:
    return subprocess.run(["pdftotext", "-v"], capture_output=True, text=True).stderr.split()[2]


def measure(reader: pdf_text.Reader, corpora: Path) -> dict[str, object]:
    failed: list[str] = []

    def careful(file: Path) -> str:
        try:
            return reader(file) or ""
        except Exception as error:  # whatever a foreign library raises
            failed.append(f"{file.name}: {error}")
            return ""

    papers = sorted((corpora / "YovRen+Papers").glob("*.pdf"))[:20]
    pages = sum(page_count(file) for file in papers)
    careful(papers[-1])
    start = sum(os.times()[:4])
    for file in papers:
        careful(file)
    speed = pages / (sum(os.times()[:4]) - start)
    outcomes = pdf_text.olmocr(careful, corpora)
    scores = [pdf_text.true_text(careful, corpora, document) for document in pdf_text.TRUE_TEXTS]
    figures: dict[str, object] = {"passed": [test["id"] for test, passed in outcomes if passed]}
    for kind in ("present", "absent", "order", "table"):
        passed = [passed for test, passed in outcomes if test["type"] == kind]
        figures[kind] = f"{sum(passed)}/{len(passed)}"
    figures["olmocr"] = f"{sum(passed for _, passed in outcomes)}/{len(outcomes)}"
    figures["words"] = " / ".join(f"{words:.3f}" for words, _ in scores)
    figures["order of words"] = " / ".join(f"{order:.3f}" for _, order in scores)
    whose = resource.RUSAGE_CHILDREN if reader is pdf_text.pdftotext_raw else resource.RUSAGE_SELF
    return {**figures, "speed": f"{speed:.1f}", "memory": resource.getrusage(whose).ru_maxrss // 1024, "failed": len(failed)}


def page_count(file: Path) -> int:
    import pypdfium2

    with pypdfium2.PdfDocument(file) as document:
        return len(document)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # some of the libraries do not end their threads
