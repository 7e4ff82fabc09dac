"""Adding documents with a model: what is asked, what is committed, what a failure costs; against a real server on loopback."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitkb.formats.compiler_names import LLM_COMPILER
from tests.support.compiling_model import writing
from tests.support.model_server import Answer, Asked, Fault, Made, ModelServer, serving

SUBJECTS = {
    "wal": "A write-ahead log is a file that takes every change before the pages of a table do",
    "checkpoint": "A checkpoint is a point in the log from which a recovery can begin its work",
    "latch": "A latch is a short lock that protects a page in memory while it is changed",
    "buffer": "A buffer pool is a part of memory that keeps the pages which are used most",
    "redo": "A redo pass is a walk over the log that repeats every change after a crash",
    "undo": "An undo pass is a walk over the log that takes back every unfinished change",
}


LONG = [text for text in SUBJECTS.values() for _ in range(5)]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Twelve small documents about six subjects, so that most pages have claims of two of them."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, (name, text) in enumerate(SUBJECTS.items()):
        other = list(SUBJECTS)[(number + 1) % len(SUBJECTS)]
        term = text.split(" is ")[0].split(" ", 1)[1]
        (folder / f"{name}.md").write_text(
            f"# {name.title()}\n\n{text}.\n\nThe {term} matters to everybody who runs {number + 2} servers.\n"
        )
        about = SUBJECTS[other].split(" is ")[0]
        (folder / f"notes-{name}.md").write_text(
            f"# Notes on {name}\n\n{text}, say the notes of the year {1990 + number}.\n\n"
            f"{about} is a thing which helps {name} more than others do.\n"
        )
    return folder


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(writing, key="secret") as found:
        yield found


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(in_process: Program) -> Program:
    """Nothing here depends on where it runs."""
    return in_process


def _reach(server: ModelServer, key: str = "secret") -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": key}


@pytest.fixture
def kb(program: Program, tmp_path: Path) -> Path:
    done = program("init", "kb", "--compiler", "llm", "--model", "test-model", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "kb"


def _events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def _new(program: Program, where: Path) -> Path:
    assert program("init", where, "--compiler", "llm", "--model", "test-model").returncode == 0
    return where


def test_documents_are_digested_and_pages_get_overviews(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, server: ModelServer
) -> None:
    done = program("add", docs, "--kb", kb, "--json", env=_reach(server))
    assert done.returncode == 0, done.stderr
    summary = _events(done)[-1]
    record = json.loads((kb / ".gitkb/documents/docs/wal.json").read_text())
    assert record["compiler"] == f"{LLM_COMPILER} test-model"
    assert "description" in record["by_rules"], "the model writes none"
    shown = program("show", "docs/wal", "-v", "--kb", kb).stderr
    assert f"Filled by rules, because the model's reply had too little: {record['by_rules']}." in shown
    page = (kb / "wiki/concepts/write-ahead-log.md").read_text()
    assert f"by: {LLM_COMPILER}" in page
    assert "[^docs--" in page.partition("\n# ")[2].partition("## What the documents say")[0]
    overview = json.loads((kb / ".gitkb/overviews/concepts/write-ahead-log.json").read_text())
    assert overview["by"] == f"{LLM_COMPILER} test-model"
    purposes = server.purposes()
    assert purposes["digest"] == 12
    assert purposes["overview"] <= summary["pages"]["created"]
    assert server.calls == summary["model"]["calls"] == sum(purposes.values())
    assert program("check", "--kb", kb).returncode == 0
    trailers = git(
        kb, "log", "--format=%(trailers:key=Gitkb-Tokens,valueonly)%(trailers:key=Gitkb-Calls,valueonly)", "--grep", "docs/wal:"
    )
    assert " in, " in trailers and trailers.rstrip().endswith("1")
    assert "Gitkb-Tokens" in git(kb, "log", "-1", "--format=%B")


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_reply_that_breaks_off_twice_is_completed_by_rules_and_the_record_says_so(
    program: Program, kb: Path, docs: Path, finish: str
) -> None:
    whole = (docs / "wal.md").read_text()
    (docs / "wal.md").write_text(
        f"{whole}\nA torn page is a page of which a crash left one half old. It is mended from the log.\n"
    )

    def breaking(asked: Asked) -> Made:
        first = Asked({**asked.body, "messages": asked.messages[:2]}, 0, 0, {})
        text = json.dumps(writing(first))
        return Answer(text[: text.index('"concepts"') + 20], finish=finish) if asked.purpose == "digest" else writing(asked)

    with serving(breaking, key="secret") as server:
        done = program("add", docs / "wal.md", "--kb", kb, env=_reach(server))
        assert done.returncode == 0, done.stderr
        assert "wal: only a part of the model's answer can be used, asked twice: " in done.stderr
        assert server.purposes()["digest"] == 2
        record = json.loads((kb / ".gitkb/documents/wal.json").read_text())
        assert "concepts" in record["by_rules"] and any(topic["name"] == "Torn page" for topic in record["topics"])
    with serving(writing, key="secret") as server:
        assert program("recompile", "wal", "--kb", kb, env=_reach(server)).returncode == 0
        assert server.purposes()["digest"] == 1, "what was cut is not kept"


def test_a_question_that_a_server_cuts_in_silence_is_noticed_and_asked_in_parts(
    program: Program, kb: Path, tmp_path: Path
) -> None:
    """As Ollama does with what exceeds its `num_ctx`, which it tells of a model that is loaded."""
    context, looks = 4_000, dict[str, Any]()
    (tmp_path / "long.md").write_text("".join(f"# Part {n}\n\n{text}, says note {n}.\n\n" * 5 for n, text in enumerate(LONG)))

    def cutting(asked: Asked) -> Made:
        looks["/api/ps"] = {"models": [{"name": "test-model", "context_length": context}]}
        return Answer(json.dumps(writing(asked)), tokens_in=min(len(asked.text) // 4, context))

    with serving(cutting, key="secret", looks=looks) as server:
        done = program("add", tmp_path / "long.md", "--kb", kb, env=_reach(server))
        assert done.returncode == 0, done
        digests = [asked for seen in server.seen if (asked := Asked(seen.body, 0, 0, {})).purpose == "digest"]
    sizes = [len(each.text) // 4 for each in digests]
    first = [size for size in sizes if size >= context]
    assert first and sizes[: len(first)] == first and len(first) < len(sizes), sizes
    read = "\n".join(each.text for each, size in zip(digests, sizes, strict=True) if size < context)
    assert all(f"says note {number}." in read for number in range(len(LONG))), "nothing is lost"


def test_a_key_in_the_environment_alone_asks_nobody(program: Program, tmp_path: Path, docs: Path, server: ModelServer) -> None:
    assert program("init", "kb", cwd=tmp_path).returncode == 0
    done = program("add", docs, "--kb", tmp_path / "kb", env=_reach(server))
    assert done.returncode == 0, done.stderr
    assert server.calls == 0


def test_the_command_line_can_ask_for_a_model_once(program: Program, tmp_path: Path, docs: Path, server: ModelServer) -> None:
    assert program("init", "kb", cwd=tmp_path).returncode == 0
    done = program("add", docs / "wal.md", "--kb", "kb", "--model", "test-model", env=_reach(server), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.purposes()["digest"] == 1
    assert "compiler: llm" not in (tmp_path / "kb/.gitkb/config.yaml").read_text()


def test_the_tree_depends_neither_on_jobs_nor_on_the_order_of_replies(
    program: Program, git: Callable[..., str], tmp_path: Path, docs: Path
) -> None:
    trees = set()
    for jobs, delayed in (("1", False), ("3", True)):
        shuffled = random.Random(jobs)

        def slowly(asked: Any, delayed: bool = delayed, shuffled: random.Random = shuffled) -> Any:
            if delayed:
                server.ended.wait(shuffled.random() * 0.2)
            return writing(asked)

        with serving(slowly) as server:
            kb = _new(program, tmp_path / f"kb{jobs}")
            done = program("add", docs, "--kb", kb, "--jobs", jobs, env=_reach(server))
            assert done.returncode == 0, done.stderr
            trees.add(git(kb, "rev-parse", "HEAD^{tree}"))
    assert len(trees) == 1


def test_adding_again_asks_nothing_and_a_change_asks_for_what_it_touches(
    program: Program, kb: Path, docs: Path, server: ModelServer
) -> None:
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    before = server.calls
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    assert server.calls == before
    text = (docs / "latch.md").read_text()
    (docs / "latch.md").write_text(text + "\nA latch is a thing that nobody holds for more than 7 milliseconds.\n")
    done = program("add", docs, "--kb", kb, "--json", env=_reach(server))
    assert done.returncode == 0, done.stderr
    touched = _events(done)[-1]["pages"]
    assert server.calls - before <= 1 + touched["created"] + touched["changed"]
    assert not server.repeated


def test_a_run_that_is_killed_and_finished_sends_no_request_twice(
    program: Program, git: Callable[..., str], tmp_path: Path, docs: Path
) -> None:
    with serving(writing) as calm:
        whole = _new(program, tmp_path / "whole")
        assert program("add", docs, "--kb", whole, env=_reach(calm)).returncode == 0
    randomly = random.Random(5)
    for number in range(2):
        kb, last = _new(program, tmp_path / f"kb{number}"), randomly.randrange(1, calm.calls + 1)
        victim: list[subprocess.Popen[bytes]] = []

        def deadly(asked: Any, last: int = last, victim: list[subprocess.Popen[bytes]] = victim) -> Any:
            made = writing(asked)
            if asked.number == last:
                victim[0].send_signal(signal.SIGKILL)
            return made

        with serving(deadly) as server:
            command = [sys.executable, "-m", "gitkb", "add", str(docs), "--kb", str(kb)]
            with subprocess.Popen(
                command, env=os.environ | _reach(server), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                victim.append(process)
                process.wait(60)
            answered = [each.hash for each in server.seen[: last - 1]]
            done = program("add", docs, "--kb", kb, env=_reach(server))
            assert done.returncode == 0, done.stderr
        assert git(kb, "rev-parse", "HEAD^{tree}") == git(whole, "rev-parse", "HEAD^{tree}")
        # Those that were under way when it died were never answered.
        assert len(server.repeated) <= 16 and not set(server.repeated) & set(answered[:-16])


@pytest.mark.parametrize("every", [2, 3, 5])
def test_of_garbage_and_errors_in_every_nth_reply_what_failed_is_named(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, every: int
) -> None:
    bad = ("no JSON at all", '{"title": "cut', Fault(400, "context length exceeded"), {"unexpected": True})
    with serving(writing, bad_every=every, bad=bad) as server:
        done = program("add", docs, "--kb", kb, "--json", env=_reach(server))
    events = _events(done)
    failed = [event for event in events if event.get("outcome") == "failed"]
    assert done.returncode == (3 if failed or events[-1]["unwritten"] else 0), done.stderr
    assert all(event["reason"] for event in failed)
    assert events[-1]["added"] + len(failed) == 12
    assert program("check", "--kb", kb).returncode == 0
    assert git(kb, "status", "--porcelain") == ""
    with serving(writing) as calm:
        assert program("add", docs, "--kb", kb, env=_reach(calm)).returncode == 0
        assert program("add", docs, "--kb", kb, env=_reach(calm)).returncode == 0
    assert "overview" not in program("status", "--kb", kb).stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"OPENAI_API_KEY": "wrong"}, "key"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "127.0.0.1:9"),
        ({"model": "other"}, "other"),
    ],
)
def test_a_wrong_key_endpoint_or_model_stops_at_once(
    program: Program,
    git: Callable[..., str],
    kb: Path,
    docs: Path,
    server: ModelServer,
    environment: Mapping[str, str],
    said: str,
) -> None:
    options = ["--model", environment["model"]] if "model" in environment else []
    done = program("add", docs, "--kb", kb, *options, env=_reach(server) | dict(environment))
    assert done.returncode == 1
    assert said in done.stderr and "hint:" in done.stderr and "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert git(kb, "log", "--format=%s") == "Make a gitkb knowledge base"
    assert not list((kb / ".git/gitkb/runs").iterdir())


def test_a_budget_stops_cleanly(program: Program, git: Callable[..., str], kb: Path, docs: Path, server: ModelServer) -> None:
    done = program("add", docs, "--kb", kb, "--jobs", "1", "--max-tokens", "9000", "--json", env=_reach(server))
    summary = _events(done)[-1]
    assert done.returncode == 3
    assert summary["failed"] > 0 and "--max-tokens" in done.stdout
    assert summary["model"]["tokens_in"] + summary["model"]["tokens_out"] <= 9000
    assert program("check", "--kb", kb).returncode == 0
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    assert not server.repeated


def test_why_the_tokens_do_not_suffice_is_said_once(program: Program, kb: Path, docs: Path, server: ModelServer) -> None:
    done = program("add", docs, "--kb", kb, "--max-tokens", "10", env=_reach(server))
    told = done.stdout + done.stderr
    assert done.returncode == 3 and told.count("does not suffice for it") == 12
    assert told.count("larger --max-tokens") == told.count("of 10 are spent") == 1
    assert not server.calls


def test_an_estimate_asks_nothing_and_is_near(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, server: ModelServer
) -> None:
    done = program("add", docs, "--kb", kb, "--estimate", "--json", env=_reach(server))
    assert done.returncode == 0, done.stderr
    found = _events(done)[0]
    assert server.calls == 0 and found["calls"] == found["documents"] == 12
    assert git(kb, "log", "--format=%s") == "Make a gitkb knowledge base"
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    paid = sum(len(json.dumps(each.body)) // 4 for each in server.seen[:12])
    assert 0.4 * paid < found["tokens_in"] < 2.5 * paid


def test_somebody_without_a_model_refreshes_and_keeps_what_was_written(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, server: ModelServer
) -> None:
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    calls, page = server.calls, (kb / "wiki/concepts/latch.md").read_text()
    done = program("remove", "docs/wal", "--kb", kb)
    assert done.returncode == 0 and "No model can be asked from here" in done.stderr
    assert server.calls == calls and (kb / "wiki/concepts/latch.md").read_text() == page
    assert "no overview yet" in program("status", "--kb", kb).stdout
    assert program("refresh", "--kb", kb, env=_reach(server)).returncode == 0
    assert "no overview yet" not in program("status", "--kb", kb).stdout
    assert program("check", "--kb", kb).returncode == 0


def test_the_cache_is_shown_and_can_be_emptied(program: Program, kb: Path, docs: Path, server: ModelServer) -> None:
    assert program("add", docs, "--kb", kb, env=_reach(server)).returncode == 0
    assert f"{server.calls} replies of models" in program("status", "--kb", kb).stdout
    done = program("recover", "--prune-cache", "--kb", kb)
    assert done.returncode == 0 and f"{server.calls} replies" in done.stdout
    assert "replies" not in program("status", "--kb", kb).stdout


def test_a_diff_shows_what_was_decided_about_names_and_what_it_cost(
    program: Program, kb: Path, tmp_path: Path, docs: Path, server: ModelServer
) -> None:
    assert program("add", docs / "latch.md", "--into", "docs", "--kb", kb, env=_reach(server)).returncode == 0
    other = tmp_path / "more" / "latches.md"
    other.parent.mkdir()
    other.write_text("# La-tch\n\nA la-tch is a short lock which nobody keeps while a disk is busy for long.\n")
    assert program("add", other.parent, "--kb", kb, env=_reach(server)).returncode == 0
    assert server.purposes()["same"] == 1
    decision = json.loads(next((kb / ".gitkb/decisions").rglob("*.json")).read_text())
    done = program("diff", "HEAD~2", "--kb", kb, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    named = [item for item in report["attention"] if item["concern"] == "decided-names"]
    assert len(named) == 1 and decision["by"] in named[0]["message"]
    assert report["tokens"] > 0
    assert not report["edited"]


def test_a_text_that_is_too_long_for_the_model_is_cut_into_smaller_parts(program: Program, kb: Path, tmp_path: Path) -> None:
    section = "A latch is a short lock that protects a page in memory while it is changed by somebody. " * 60
    text = "".join(f"## Part {number}\n\n{section}\n\n" for number in range(4))
    (tmp_path / "long.md").write_text(f"# Latches\n\n{text}")

    def small(asked: Asked) -> Made:
        if len(asked.text) > 14_000:
            return Fault(400, "This model's maximum context length is 6000 tokens. Please reduce the length of the messages.")
        return writing(asked)

    with serving(small, key="secret") as server:
        done = program("add", tmp_path / "long.md", "--kb", kb, env=_reach(server))
    assert done.returncode == 0, done.stderr
    assert server.purposes()["digest"] > 4 and server.purposes()["reduce"] == 1


def test_money_is_named_where_prices_are_set_and_tokens_that_are_not_counted_are_not_known(
    program: Program, git: Callable[..., str], kb: Path, docs: Path, tmp_path: Path
) -> None:
    home = tmp_path / "settings/gitkb/config.yaml"
    home.parent.mkdir(parents=True)
    home.write_text("llm:\n  price_in: 1000\n  price_out: 1000\n")
    home.chmod(0o600)
    only = {"XDG_CONFIG_HOME": str(tmp_path / "settings")}

    def uncounted(asked: Asked) -> Made:
        return Answer(json.dumps(writing(asked)), usage=False)

    with serving(writing, key="secret") as server:
        done = program("add", docs / "wal.md", "--estimate", "--kb", kb, env=_reach(server) | only)
        assert re.search(r"tokens in and \d+ out \(\d\.\d\d at your prices\)\.", done.stdout), done.stdout
        done = program("add", docs / "wal.md", "--kb", kb, env=_reach(server) | only)
        assert re.search(r"out \(\d\.\d+ at your prices\)\.", done.stdout), done.stdout
    with serving(uncounted, key="secret") as server:
        done = program("add", docs / "redo.md", "--kb", kb, env=_reach(server) | only)
        assert "tokens not known: the server does not count them" in done.stdout, done.stdout
        assert "Gitkb-Tokens: not known" in git(kb, "log", "-1", "--format=%B", "--grep", "^add redo")
        assert re.search(r"tokens in and \d+ out .*; of 1 call not known\.", program("status", "--kb", kb, env=only).stdout)


def test_the_glossary_of_the_knowledge_base_is_told_to_the_model_and_is_no_stray_file(
    program: Program, git: Callable[..., str], kb: Path, tmp_path: Path, server: ModelServer
) -> None:
    (kb / ".gitkb/glossary.md").write_text("- Write-ahead log (WAL): what comes first\n- Vault\n", encoding="utf-8")
    git(kb, "add", ".gitkb/glossary.md")
    git(kb, "commit", "-qm", "words of the house")
    file = tmp_path / "wal.md"
    file.write_text("# Logs\n\nThe WAL is a file of records that a server keeps on the disk for later.\n", encoding="utf-8")
    assert program("add", file, "--kb", kb, env=_reach(server)).returncode == 0
    told = server.seen[-1].body["messages"][0]["content"]
    assert "- Write-ahead log (WAL): what comes first" in told and "- Vault" not in told
    assert program("check", "--kb", kb).returncode == 0
    assert json.loads((kb / ".gitkb/documents/wal.json").read_text())["settings"]


def test_two_claims_of_one_document_get_no_overview(program: Program, kb: Path, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(
        "# One\n\nA latch is a short lock that protects a page in memory.\n\nThe latch is held for 20 ms.\n"
    )
    with serving(writing, key="secret") as server:
        assert program("add", tmp_path / "one.md", "--kb", kb, env=_reach(server)).returncode == 0
    assert server.purposes()["overview"] == 0
