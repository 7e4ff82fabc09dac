"""Draws the picture of the README: a real session with the sample documents, and a page that it made.

    python tests/data/make_picture.py

It writes `gitkb/guide/pictures/first-session.svg`. The session runs in a scratch folder. Its commits have a fixed author and
date, so that only the seconds differ from one drawing to the next. Viewers bring their own fonts, so lines are broken with
room to spare.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = ROOT / "gitkb" / "guide" / "pictures" / "first-session.svg"
COMMANDS = (
    "gitkb init my-kb",
    "gitkb add tests/data/documents --kb my-kb",
    "cd my-kb",
    "gitkb log -n 3",
    "gitkb search fuzzy checkpoint --in concepts -n 1",
    "gitkb blame concepts/checkpoint:24",
)
PAGE = "wiki/concepts/checkpoint.md"

MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "-apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"
WIDTH, MARGIN, TOP = 1200, 24, 76
COLUMNS = 76
TERMINAL, CARD = 616, 512
TERMINAL_LINE = 19
ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-11-24T10:00:00Z",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-11-24T10:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "PYTHONPATH": str(ROOT),
}
_LINK = re.compile(r"\[(?P<text>[^\]^]+)\]\([^)]*\)")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")


@dataclass
class Drawing:
    """The lines of an SVG so far, and how far down it reaches."""

    y: float
    lines: list[str] = field(default_factory=list)

    def text(self, x: float, size: float, content: str, style: str) -> None:
        self.lines.append(f'<text x="{x:g}" y="{self.y:g}" font-size="{size:g}" {style} xml:space="preserve">{content}</text>')


def session(folder: Path) -> tuple[list[str], str]:
    """The lines of the terminal, commands with their `$ `, and the text of the page."""
    shown: list[str] = []
    here = folder
    for command in COMMANDS:
        shown.append(f"$ {command}")
        words = command.split()
        if words[0] == "cd":
            here /= words[1]
            continue
        program = [sys.executable, "-m", "gitkb", *words[1:]]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
        done = subprocess.run(program, cwd=here, env=os.environ | ENVIRONMENT, check=True, text=True, **streams)
        shown += done.stdout.splitlines()
    return shown, (here / PAGE).read_text(encoding="utf-8")


def draw(shown: list[str], page: str) -> str:
    """The picture as SVG."""
    left, right = _terminal(shown), _card(page)
    height = max(left.y, right.y) + 40
    inner = height - 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}">',
            f"<title>A session with gitkb, and {PAGE}</title>",
            _panel(MARGIN, TERMINAL, inner, "#1e2430", "#1e2430"),
            *(f'<circle cx="{MARGIN + 20 + 18 * n}" cy="{MARGIN + 18}" r="5.5" fill="#566076"/>' for n in range(3)),
            f'<g font-family="{MONO}">',
            *left.lines,
            "</g>",
            _panel(WIDTH - MARGIN - CARD, CARD, inner, "#ffffff", "#c9d1dc"),
            f'<g font-family="{SANS}">',
            *right.lines,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _panel(x: float, width: float, height: float, fill: str, stroke: str) -> str:
    return f'<rect x="{x:g}" y="{MARGIN}" width="{width:g}" height="{height:g}" rx="9" fill="{fill}" stroke="{stroke}"/>'


def _terminal(shown: list[str]) -> Drawing:
    drawing = Drawing(TOP)
    for line in shown:
        command = line.startswith("$ ")
        indent = " " * (len(line) - len(line.lstrip()))
        if command and drawing.lines:
            drawing.y += 9
        for row in textwrap.wrap(line, COLUMNS, subsequent_indent=indent, break_on_hyphens=False) or [""]:
            color = "#ffffff" if command else "#b9c4d6"
            drawing.text(MARGIN + 20, 12.5, escape(row), f'fill="{color}"' + (' font-weight="bold"' if command else ""))
            drawing.y += TERMINAL_LINE
    return drawing


def _card(page: str) -> Drawing:
    """A concept page as a reader of Markdown shows it: front matter and footnotes are left out."""
    x = WIDTH - MARGIN - CARD + 26
    drawing = Drawing(MARGIN + 24)
    drawing.text(x, 11.5, escape(PAGE), 'fill="#6b7686"')
    drawing.y += 42
    for line in page.split("---\n", 2)[2].splitlines():
        words = _FOOTNOTE.sub("", line)
        if not words or line.startswith("[^"):
            continue
        if line.startswith("## "):
            drawing.y += 12
            _paragraph(drawing, x, 16, words[3:], bold=True)
        elif line.startswith("# "):
            _paragraph(drawing, x, 25, words[2:], bold=True)
            drawing.y -= 8
        elif line.startswith("- "):
            drawing.text(x + 4, 13.5, "•", 'fill="#1f2733"')
            _paragraph(drawing, x + 20, 13.5, words[2:])
        else:
            _paragraph(drawing, x, 13.5, words)
    return drawing


def _paragraph(drawing: Drawing, x: float, size: float, text: str, *, bold: bool = False) -> None:
    """Words broken into lines; the words of links are blue."""
    room = int((WIDTH - MARGIN - 26 - x) / (size * 0.54))
    line: list[tuple[str, bool]] = []
    for piece in _pieces(text):
        if line and sum(len(word) + 1 for word, _ in line) + len(piece[0]) > room:
            _row(drawing, x, size, line, bold)
            line = []
        line.append(piece)
    _row(drawing, x, size, line, bold)
    drawing.y += size * 0.45


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Words, and whether they belong to a link."""
    found: list[tuple[str, bool]] = []
    end = 0
    for link in _LINK.finditer(text):
        found += [(word, False) for word in text[end : link.start()].split()]
        found += [(word, True) for word in link["text"].split()]
        end = link.end()
    return found + [(word, False) for word in text[end:].split()]


def _row(drawing: Drawing, x: float, size: float, line: list[tuple[str, bool]], bold: bool) -> None:
    words = [f'<tspan fill="#1f5fbf">{escape(word)}</tspan>' if linked else escape(word) for word, linked in line]
    drawing.text(x, size, " ".join(words), 'fill="#1f2733"' + (' font-weight="bold"' if bold else ""))
    drawing.y += size * 1.5


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tests").symlink_to(ROOT / "tests")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(draw(*session(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
