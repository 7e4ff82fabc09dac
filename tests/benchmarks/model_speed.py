"""How long an `add` with a model takes, against the time that its calls need at least, and against OpenKB.

    python tests/benchmarks/model_speed.py [COUNT] [--delay SECONDS] [--openkb PROGRAM]

A server on loopback answers each request after the delay (0.3 s), with sentences of what it was sent. Without `--openkb`: COUNT
(200) Markdown files of 5 kB; prints the calls, the wall time, and its ratio to calls x delay / 16 plus the time of a run that
asks nothing. With it: 24 files (or COUNT) go into both programs in turn, and each call is counted.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.benchmarks.make_markdown import make  # noqa: E402
from tests.support.compiling_model import writing  # noqa: E402
from tests.support.model_server import Asked, Json, ModelServer, serving  # noqa: E402

CONCURRENCY = 16


def openkb_answers(asked: Asked) -> Json | str:
    """What OpenKB's prompts ask for: a summary, a plan with two concepts, their pages, the summary once more."""
    title = re.search(r"^# (.*)$", asked.text, re.MULTILINE)
    name = title[1] if title else "document"
    if "decide how to update the wiki's CONCEPT pages" in asked.last:
        slugs = [re.sub(r"\W+", "-", f"{word} {name}".lower()) for word in ("idea", "method")]
        created = [{"name": slug, "title": slug.replace("-", " ")} for slug in slugs]
        nothing: Json = {"create": [], "update": [], "related": []}
        return {"concepts": nothing | {"create": created}, "entities": nothing}
    if "Return a JSON object" in asked.last:
        return {"description": name, "content": f"{name} is described by the document.", "type": "other"}
    return f"{name} is described by the document."


def ran(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, str]:
    """Seconds of wall time and what was printed."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, input="\n\n\n", capture_output=True, text=True, check=True
    )
    return time.perf_counter() - started, done.stdout


def gitkb(folder: Path, server: ModelServer, name: str, documents: str) -> tuple[float, Json]:
    """Seconds of an `add` into a new knowledge base, and its summary."""
    environment = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "x", "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "gitkb"]
    ran([*program, "init", name, "--compiler", "llm", "--model", "test-model"], folder, environment)
    seconds, out = ran([*program, "add", documents, "--kb", name, "--json"], folder, environment)
    return seconds, json.loads(out.splitlines()[-1])


def scaling(folder: Path, delay: float) -> None:
    """One `add`, against its calls and a run of the extractive compiler on the same files."""
    environment = {"PYTHONPATH": str(ROOT)}
    ran([sys.executable, "-m", "gitkb", "init", "plain"], folder, environment)
    base, _ = ran([sys.executable, "-m", "gitkb", "add", "docs", "--kb", "plain"], folder, environment)
    with serving(writing, delay=delay) as server:
        seconds, summary = gitkb(folder, server, "kb", "docs")
    least = server.calls * delay / CONCURRENCY
    pages = summary["pages"]
    print(
        f"{summary['added']} documents, {server.calls} calls ({dict(server.purposes())}), {pages['created']} pages:"
        f" {seconds:.1f} s;"
        f" calls x delay / {CONCURRENCY} = {least:.1f} s, without a model {base:.1f} s; ratio {seconds / (least + base):.2f},"
        f" at most {server.peak} at once, {len(server.repeated)} sent again"
    )


def versus(folder: Path, delay: float, openkb: str) -> None:
    """The same files into both programs."""
    with serving(writing, delay=delay) as server:
        ours, summary = gitkb(folder, server, "kb", "docs")
    with serving(openkb_answers, delay=delay, models=()) as other:
        environment = {
            "OPENAI_API_KEY": "x",
            "LLM_API_KEY": "x",
            "OPENAI_BASE_URL": other.base_url,
            "OPENAI_API_BASE": other.base_url,
        }
        home = folder / "openkb"
        home.mkdir()
        ran([openkb, "init", "--model", "openai/test-model", "--language", "en"], home, environment)
        theirs, _ = ran([openkb, "add", "../docs"], home, environment)
        made = len(list((home / "wiki" / "summaries").rglob("*.md")))
    print(
        f"gitkb: {summary['added']} documents in {ours:.1f} s with {server.calls} calls ({dict(server.purposes())})\n"
        f"OpenKB: {made} documents in {theirs:.1f} s with {other.calls} calls\n"
        f"gitkb is {theirs / ours:.1f} times as fast"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("count", type=int, nargs="?", default=0)
    parser.add_argument("--delay", type=float, default=0.3)
    parser.add_argument("--openkb", default="", metavar="PROGRAM")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "docs", chosen.count or (24 if chosen.openkb else 200), size=4_000)
        if chosen.openkb:
            versus(folder, chosen.delay, chosen.openkb)
        else:
            scaling(folder, chosen.delay)


if __name__ == "__main__":
    main()
