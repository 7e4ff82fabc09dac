"""How many titles of real documents gitkb reads as a careful reader would.

    python -m tests.benchmarks.titles --corpora DIR [--held] [--json FILE]

The documents are not here: README.md says where each comes from and how to fetch it into DIR. labels.json holds, for each, the
titles that a reader accepts after looking at its first page, written down before gitkb had read it. Each file's SHA-256 is
checked first; a file that is missing or another one counts as wrong and is named. All documents are then added to one new
knowledge base by the command line, and `gitkb list --json` says their titles.

A title is right when it equals an accepted one, but for white space and the shape of quotes, apostrophes, dashes and hyphens.
`@file` in the labels accepts the readable name of the file: the same letters and digits in the same order, in any case.
`@refused` accepts that gitkb says there is no text in the document.

A third of the documents is held out ("held"): nobody tunes on it, so its wrong titles are printed only with --held.
Exits with 1 when a file is missing.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LABELS = Path(__file__).with_name("labels.json")
ROOT = Path(__file__).resolve().parents[3]
SHAPES = str.maketrans({**dict.fromkeys("‘’‚‛`´", "'"), **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")})
NO_TEXT = "no text"


@dataclass(frozen=True)
class Label:
    """One line of labels.json."""

    kind: str
    set: str
    corpus: str
    source: str
    path: str
    sha256: str
    titles: list[str]
    evidence: str
    note: str

    @property
    def place(self) -> str:
        """Where the file lies below the folder of all corpora."""
        return f"{self.corpus}/{self.path}"


@dataclass(frozen=True)
class Result:
    """What gitkb made of one document: its title, or why it has none."""

    label: Label
    title: str
    reason: str
    right: bool
    absent: bool = False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", metavar="DIR", type=Path, required=True, help="the folder that holds the corpora")
    parser.add_argument("--held", action="store_true", help="name the wrong titles of the held-out documents, too")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every result to this file")
    options = parser.parse_args()
    labels = [Label(**line) for line in json.loads(LABELS.read_text("utf-8"))]
    results = list(measure(labels, options.corpora))
    if options.json:
        lines = [
            {"set": r.label.set, "place": r.label.place, "title": r.title, "reason": r.reason, "right": r.right} for r in results
        ]
        options.json.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print("\n".join(report(results, options.held)))
    return 1 if any(result.absent for result in results) else 0


def measure(labels: list[Label], corpora: Path) -> Iterator[Result]:
    """Yields what gitkb makes of each labelled document, in the order of the labels."""
    absent = {label.place: absence(label, corpora) for label in labels}
    with tempfile.TemporaryDirectory() as folder:
        titles, reasons = gitkb_titles([label for label in labels if not absent[label.place]], corpora, Path(folder))
    for label in labels:
        if absent[label.place]:
            yield Result(label, "", absent[label.place], False, absent=True)
            continue
        title = titles.get(label.place, "")
        reason = "" if title else reasons.get(label.place, "not supported")
        yield Result(label, title, reason, accepted(title, reason, label))


def absence(label: Label, corpora: Path) -> str:
    """Says why a file cannot be scored: it is missing, or its bytes are not those that were labelled."""
    file = corpora / label.place
    if not file.is_file():
        return f"MISSING ({label.source})"
    if hashlib.sha256(file.read_bytes()).hexdigest() != label.sha256:
        return f"ANOTHER FILE ({label.source})"
    return ""


def gitkb_titles(labels: list[Label], corpora: Path, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Adds the documents to a new knowledge base; returns their titles, and the reasons of those that failed, both by place."""
    for label in labels:
        copy = folder / "documents" / label.place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(corpora / label.place, copy)
    base = folder / "base"
    run("init", str(base))
    events = [json.loads(line) for line in run("add", "--json", "--kb", str(base), str(folder / "documents")).splitlines()]
    listed = json.loads(run("list", "--json", "--kb", str(base)))
    titles = {entry["source"].removeprefix("documents/"): entry["title"] for entry in listed}
    reasons = {event["source"].removeprefix("documents/"): event["reason"] for event in events if event.get("reason")}
    return titles, reasons


def run(*arguments: str) -> str:
    """Runs gitkb's command line; a failed document makes `add` exit with another code than 0, which is fine here."""
    done = subprocess.run([sys.executable, "-m", "gitkb", *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if not done.stdout:
        sys.exit(f"gitkb {arguments[0]} says nothing: {done.stderr}")
    return done.stdout


def accepted(title: str, reason: str, label: Label) -> bool:
    """Whether this title, or this refusal, is what a careful reader expects."""
    if not title:
        return "@refused" in label.titles and NO_TEXT in reason
    by_name = "@file" in label.titles and letters(title) == letters(Path(label.path).stem)
    return by_name or plain(title) in {plain(one) for one in label.titles if not one.startswith("@")}


def plain(title: str) -> str:
    return " ".join(unicodedata.normalize("NFC", title).translate(SHAPES).split())


def letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name)).casefold()


def report(results: list[Result], held: bool) -> Iterator[str]:
    """Yields a table by kind, then each wrong title."""
    yield f"{'kind':<12} {'seen':>14} {'held':>14}"
    groups = {"pdf-paper": "pdf-paper", "pdf-other": "pdf-other", "pdf": "pdf", "office": "office", "note": "note", "all": ""}
    for name, start in groups.items():
        here = [result for result in results if result.label.kind.startswith(start)]
        yield f"{name:<12} " + " ".join(f"{share([r for r in here if r.label.set == each]):>14}" for each in ("seen", "held"))
    for result in results:
        if not result.right and (held or result.label.set == "seen" or result.absent):
            yield from wrong(result)


def wrong(result: Result) -> Iterator[str]:
    label = result.label
    yield f"\n{label.set} {label.kind} {label.place}"
    yield f"    expected {label.titles[0]!r} ({'; '.join(part for part in (label.evidence, label.note) if part)})"
    yield f"    found    {result.title!r}" if result.title else f"    no title: {result.reason}"


def share(results: list[Result]) -> str:
    right = sum(result.right for result in results)
    return f"{right}/{len(results)} = {100 * right / len(results):.0f} %" if results else "-"


if __name__ == "__main__":
    sys.exit(main())
