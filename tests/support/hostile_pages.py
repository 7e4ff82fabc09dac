"""Documents of each kind whose words try to run something, to load something from elsewhere, or to leave their place."""

from xml.sax.saxutils import escape

from tests.support import sample_files as samples

TAKEN = "taken"
ACTIVE = (
    f"""<script>document.title='{TAKEN}'</script>""",
    f"""<img src="x" onerror="document.title='{TAKEN}'"><img src="https://example.org/seen.png">""",
    f"""<svg onload="document.title='{TAKEN}'"><a xlink:href="javascript:document.title='{TAKEN}'"><text>t</text></a></svg>""",
    f"""[run](javascript:document.title='{TAKEN}') ![seen](https://example.org/seen.png) <https://example.org/>""",
    f"""" onmouseover="document.title='{TAKEN}'" autofocus onfocus="document.title='{TAKEN}'" x=\"""",
    """<iframe src="https://example.org/"></iframe><object data="https://example.org/"></object><base href="https://example.org/">""",
    """<style>@import url(https://example.org/x.css); body { display: none }</style>"""
    """<link rel="stylesheet" href="//example.org/x">""",
    f"""<form action="https://example.org/"><input autofocus onfocus="document.title='{TAKEN}'"></form></div></main>""",
    f"""$\\text{{<script>document.title='{TAKEN}'</script>}}$ """
    f"""<math><mtext><img src=x onerror="document.title='{TAKEN}'"></mtext></math>""",
    """<meta http-equiv="refresh" content="0;url=https://example.org/"><video src="https://example.org/v" autoplay></video>""",
)


def _said(kind: str) -> list[str]:
    """Sentences of which pages are made, each with one of these tries."""
    return [f"A {kind} trap is a page number {number} that tries {words} to run." for number, words in enumerate(ACTIVE)]


def documents() -> dict[str, bytes]:
    """A document of each kind, by its name."""
    made = {
        kind: _said(kind)
        for kind in ("md", "html", "rst", "txt", "csv", "ipynb", "docx", "pptx", "xlsx", "epub", "odt", "pdf", "tex", "org")
    }
    lines = {kind: "\n\n".join(said) for kind, said in made.items()}
    written = {kind: "".join(f"<p>{escape(each)}</p>" for each in said) for kind, said in made.items()}
    title = f"Trap {ACTIVE[0]}"
    page = f"<html><head><title>{escape(title)}</title></head><body><h1>Trap</h1>{written['html']}{''.join(ACTIVE)}"
    called = f"# Named\n\nA named trap is a page whose file is called so. {ACTIVE[1]}\n"
    cells = [{"cell_type": "markdown", "source": lines["ipynb"]}]
    shown = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "".join(ACTIVE), "image/svg+xml": ACTIVE[2]}}
    code: dict[str, object] = {"cell_type": "code", "source": ACTIVE[0], "outputs": [shown], "execution_count": 1, "metadata": {}}
    return {
        "trap.md": f"# {title}\n\n{lines['md']}\n\n```{ACTIVE[4]}\n{ACTIVE[0]}\n```\n".encode(),
        "trap.html": page.encode(),
        "trap.rst": f"Trap\n====\n\n{lines['rst']}\n\n.. raw:: html\n\n   {ACTIVE[1]}\n\n.. image:: https://example.org/seen.png\n".encode(),
        "trap.txt": f"Trap\n\n{lines['txt']}\n".encode(),
        "trap.tex": f"\\section{{Trap}}\n\n{lines['tex']}\n\n$\\href{{javascript:document.title='{TAKEN}'}}{{x}}$\n".encode(),
        "trap.org": f"* Trap\n\n{lines['org']}\n\n#+BEGIN_EXPORT html\n{ACTIVE[0]}\n#+END_EXPORT\n".encode(),
        "trap.csv": (
            "name,text\n" + "".join(f'"{n}","{s.replace(chr(34), chr(34) * 2)}"\n' for n, s in enumerate(made["csv"]))
        ).encode(),
        "trap.ipynb": samples.notebook([*cells, code]),
        "trap.docx": samples.docx(
            [("Heading1", title), *made["docx"], [["cell", ACTIVE[1]], [ACTIVE[2], ACTIVE[4]]]], title=title
        ),
        "trap.pptx": samples.pptx([(title, made["pptx"], [["a", ACTIVE[1]]], ACTIVE[5])], title=title),
        "trap.xlsx": samples.xlsx({"Traps": [["text", "link"], *([each, ACTIVE[0]] for each in made["xlsx"])]}, title=title),
        "trap.epub": samples.epub([("c.xhtml", f"<h1>Trap</h1>{written['epub']}")], title, ACTIVE[1]),
        "trap.odt": samples.opendocument(
            "text", "".join(f"<text:p>{escape(each)}</text:p>" for each in made["odt"]), title=title
        ),
        "trap.pdf": samples.pdf(
            [samples.pdf_lines([part for each in made["pdf"] for part in (each[:90], each[90:])])], title=title
        ),
        "named <img src=x onerror=alert(1)>&\"'.md": called.encode(),
    }
