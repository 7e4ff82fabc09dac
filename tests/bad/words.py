"""The text that whole documents of every format hold before they are spoilt, and the documents made of it."""

from functools import cache

from tests.support import sample_files as samples

THINGS = (
    "harbour lantern orchard compass granary viaduct cistern belfry quarry foundry ropewalk tannery sawmill lockhouse causeway "
    "breakwater icehouse glasshouse windmill smithy"
).split()
WORDS = tuple(THINGS)


@cache
def sentences() -> tuple[str, ...]:
    """A sentence for each thing."""
    return tuple(
        f"The {thing} of the old town stands behind the {THINGS[(n + 7) % len(THINGS)]} and was built in {1700 + n}."
        for n, thing in enumerate(THINGS)
    )


def pdf() -> bytes:
    """Four pages of five sentences."""
    parts = [sentences()[n : n + 5] for n in range(0, 20, 5)]
    pages = [
        samples.pdf_lines([f"Part {n} of the town"], size=18) + samples.pdf_lines(p, top=680) for n, p in enumerate(parts, 1)
    ]
    return samples.pdf(pages, title="The old town")


def docx() -> bytes:
    """A heading, a paragraph for each sentence, a table."""
    rows = [["Thing", "Year"], *([thing, str(1700 + n)] for n, thing in enumerate(THINGS))]
    return samples.docx([("Heading1", "The old town"), *sentences(), rows], title="The old town")


def pptx() -> bytes:
    """Four slides of five sentences."""
    return samples.pptx([(f"Part {n}", list(sentences()[n * 5 : n * 5 + 5]), None, "") for n in range(4)], title="The old town")


def xlsx() -> bytes:
    """A sheet with a row for each thing."""
    return samples.xlsx({"Town": [["Thing", "Year", "Text"], *([t, 1700 + n, sentences()[n]] for n, t in enumerate(THINGS))]})


def xls() -> bytes:
    """The same in the old format, bare records."""
    return samples.xls([["Thing", "Year"], *([thing, float(1700 + n)] for n, thing in enumerate(THINGS))])


def epub() -> bytes:
    """Four chapters of five sentences."""
    return samples.epub(
        [
            (f"c{n}.xhtml", f"<h1>Part {n}</h1>" + "".join(f"<p>{s}</p>" for s in sentences()[n * 5 : n * 5 + 5]))
            for n in range(4)
        ],
        "The old town",
        "Ada",
    )


def odt() -> bytes:
    """A heading, a paragraph for each sentence."""
    text = "".join(f"<text:p>{sentence}</text:p>" for sentence in sentences())
    return samples.opendocument("text", f'<text:h text:outline-level="1">The old town</text:h>{text}')


def html() -> bytes:
    """A page with a paragraph for each sentence."""
    body = "".join(f"<h2>{thing}</h2><p>{text}</p>" for thing, text in zip(THINGS, sentences(), strict=True))
    return (
        f"<!DOCTYPE html><html><head><title>The old town</title></head><body><h1>The old town</h1>{body}</body></html>".encode()
    )


def md() -> bytes:
    """A section for each thing."""
    return (
        "# The old town\n\n" + "\n\n".join(f"## The {t}\n\n{s}" for t, s in zip(THINGS, sentences(), strict=True)) + "\n"
    ).encode()


def rst() -> bytes:
    """The same in reStructuredText."""
    parts = (f"{thing}\n{'-' * len(thing)}\n\n{text}" for thing, text in zip(THINGS, sentences(), strict=True))
    return ("The old town\n============\n\n" + "\n\n".join(parts) + "\n").encode()


def csv() -> bytes:
    """A row for each thing."""
    return ("thing,year,text\n" + "".join(f'{t},{1700 + n},"{sentences()[n]}"\n' for n, t in enumerate(THINGS))).encode()


def ipynb() -> bytes:
    """A cell for each sentence."""
    return samples.notebook([{"cell_type": "markdown", "source": text} for text in sentences()])
