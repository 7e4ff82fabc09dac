"""Documents made again from their originals: what comes out, what is outdated and why, what it costs, what stays."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gitkb.convert.formats import MARKDOWN
from gitkb.formats.compiler_names import LLM_COMPILER
from gitkb.wiki.hand_edits import author, seal, unsealed
from tests.support.compiling_model import writing
from tests.support.isolation import ROOT
from tests.support.model_server import ModelServer, serving
from tests.support.small_documents import TEXTS, Git, note, subjects, tree, write

Run = Callable[..., Any]
NOW = MARKDOWN.format.converter
PICTURES = {"dot.png": b"\x89PNG one", "more/dot.png": b"\x89PNG two", "more/dot copy.png": b"\x89PNG one"}
PICTURED = """# Pictured

A picture is a page of colours. ![one](dot.png) ![two](more/dot.png) ![three](more/dot%20copy.png) ![none](gone.png)

See [recovery](guide/recovery.md#crash-recovery), [a folder](guide), [the same](same.md), [a web page](https://example.org/a.md),
[nothing](nothing.md), [outside](../secret.md) and ![again](more/dot.png).
"""
DOCUMENTS = TEXTS | {
    "pictured.md": PICTURED,
    "same.md": TEXTS["raft.md"],
    "guide/README.md": "# Guide\n\nA guide is a folder of texts.\n",
}
FILES = DOCUMENTS | PICTURES


def _events(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def _outdated(gitkb: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gitkb("status", "--json").out)["outdated"]
    return found


def _set(kb: Path, git: Git, line: str) -> None:
    """A person adds a setting and commits it."""
    file = kb / ".gitkb/config.yaml"
    file.write_text(f"{file.read_text('utf-8')}{line}\n", encoding="utf-8")
    git(kb, "commit", "-qam", f"set {line}")


def _aged(kb: Path, git: Git, *documents: str, version: int = 1) -> None:
    """The documents as another converter would have left them, and worse: a sentence is missing in the text."""
    for document in documents:
        record, page = kb / f".gitkb/documents/{document}.json", kb / f"wiki/sources/{document}.md"
        record.write_text(record.read_text("utf-8").replace(f'"{NOW}"', f'"markdown/{version}"'), encoding="utf-8")
        page.write_text(page.read_text("utf-8").replace(f"by: {NOW}", f"by: markdown/{version}"), encoding="utf-8")
    git(kb, "commit", "-qam", "as they were")


def test_what_comes_out_as_it_is_gets_no_commit(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "rev-parse", "HEAD")
    text = (kb / "wiki/sources/docs/pictured.md").read_text("utf-8")
    assert text.count("pictured--dot.png") == 1 and "guide/readme.md" in text and "(same.md)" in text
    assert gitkb("recompile", "--all").out.startswith(f"Unchanged {len(DOCUMENTS) - 1} in ")
    gitkb("recover", "--prune-cache")
    events = _events(gitkb("recompile", "docs/pictured", "docs/raft.md", "paxos", "--yes", "--json"))
    assert [(e["document"], e["outcome"]) for e in events[:-1]] == [
        ("docs/paxos", "unchanged"),
        ("docs/pictured", "unchanged"),
        ("docs/raft", "unchanged"),
    ]
    assert git(kb, "rev-parse", "HEAD") == before and git(kb, "status", "--porcelain") == ""
    assert _outdated(gitkb) == {"documents": 0, "reasons": []}


def test_links_to_what_was_renamed_or_removed_stay_in_every_form(tmp_path: Path, run: Run) -> None:
    linking = '# Linking\n\n[One][1], [two], <a href="paxos.md">three</a>.\n\n[1]: wal.md\n[two]: <guide/recovery.md>\n'
    docs, kb = write(tmp_path / "docs", TEXTS | {"linking.md": linking}), tmp_path / "kb"
    run("init", kb)
    run("add", docs, "--kb", kb, "--jobs", "1")
    text = (kb / "wiki/sources/docs/linking.md").read_text("utf-8")
    assert text.count(".md") == 4  # with its original
    (docs / "wal.md").rename(docs / "logging.md")
    (docs / "guide/recovery.md").unlink()
    (docs / "paxos.md").unlink()
    assert "Renamed 1, removed 2" in run("add", docs, "--prune", "--kb", kb, "--jobs", "1").out
    run("recompile", "linking", "--kb", kb, "--jobs", "1")
    assert (kb / "wiki/sources/docs/linking.md").read_text("utf-8") == text


def test_other_formats_come_out_as_an_add_made_them(tmp_path: Path, run: Run) -> None:
    run("init", tmp_path / "kb")
    (tmp_path / "docs").mkdir()
    for name in (
        "a-small-book-of-logs.epub",
        "replication/consensus.html",
        "talks/snapshots-and-compaction.pptx",
        "glossary.txt",
    ):
        shutil.copy(ROOT / "tests/data/documents" / name, tmp_path / "docs" / Path(name).name)
    assert run("add", tmp_path / "docs", "--kb", tmp_path / "kb", "--jobs", "1").code == 0
    events = _events(run("recompile", "--all", "--json", "--jobs", "1", "--kb", tmp_path / "kb"))
    assert [event["outcome"] for event in events[:-1]] == ["unchanged"] * 4


def test_a_document_that_was_only_made_again_gives_way_to_other_bytes_and_to_a_rename(
    kb: Path, tmp_path: Path, gitkb: Run, git: Git
) -> None:
    _set(kb, git, "language: de")
    raft = TEXTS["raft.md"].replace("one leader", "a leader")
    docs = write(tmp_path / "docs", {"raft.md": raft, "called-paxos.md": TEXTS["paxos.md"]})
    gitkb("add", docs, "--branch", "other")
    gitkb("recompile", "docs/raft", "docs/paxos", "docs/wal")
    merged = json.loads(gitkb("merge", "other", "--json").out)
    assert (merged["updated"], merged["renamed"]) == (["docs/raft"], ["docs/called-paxos"])
    assert "a leader" in (kb / "raw/docs/raft.md").read_text("utf-8") and not (kb / "raw/docs/paxos.md").exists()
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole" and git(kb, "status", "--porcelain") == ""


def test_status_counts_what_is_outdated_and_recompile_brings_it_up_to_date(kb: Path, gitkb: Run, git: Git) -> None:
    whole = tree(git, kb)
    _aged(kb, git, "docs/raft", "docs/guide/recovery")
    told = f"Outdated: 2 documents (2 converter markdown/1 → {NOW}); run: gitkb recompile --outdated"
    assert told in gitkb("status").out
    assert _outdated(gitkb)["reasons"] == [
        {"documents": 2, "what": "converter", "before": "markdown/1", "now": NOW},
    ]
    before = git(kb, "rev-parse", "HEAD")
    told = _events(gitkb("recompile", "--outdated", "--dry-run", "--json"))[-1]["foreseen"]
    assert git(kb, "rev-parse", "HEAD") == before
    gitkb("recompile", "--outdated")
    assert subjects(git, kb, f"{before}..") == [
        "recompile docs/raft: Raft",
        "recompile docs/guide/recovery: Crash recovery",
    ]
    assert sorted(git(kb, "diff", "--name-only", before, "HEAD").splitlines()) == told["written"] and told["deleted"] == []
    assert tree(git, kb) == whole and _outdated(gitkb)["documents"] == 0
    assert [e["operation"] for e in json.loads(gitkb("log", "docs/raft", "--json").out)] == ["recompile", "several", "add"]


def test_a_recompile_that_leaves_the_record_as_it_was_is_undone_like_any_change(kb: Path, gitkb: Run, git: Git) -> None:
    page = kb / "wiki/sources/docs/raft.md"
    before = seal(unsealed(page.read_text("utf-8")) + "\nA sentence of before.\n", author(page.read_bytes()))
    page.write_bytes(before)
    git(kb, "commit", "-qam", "as an older converter left it")
    gitkb("recompile", "docs/raft")
    assert git(kb, "diff", "--name-only", "HEAD~1", "HEAD").split() == ["wiki/sources/docs/raft.md"]
    for what in ((), ("HEAD",), ("docs/raft",)):
        assert "recompile docs/raft" in gitkb("undo", *what, "--dry-run").out
    gitkb("undo", "docs/raft")
    assert page.read_bytes() == before


def test_what_a_newer_gitkb_made_is_neither_outdated_nor_made_again(kb: Path, gitkb: Run, git: Git) -> None:
    _aged(kb, git, "docs/raft", version=99)
    before = git(kb, "rev-parse", "HEAD")
    assert _outdated(gitkb)["documents"] == 0
    assert "docs/raft: made by a newer gitkb" in gitkb("recompile", "docs/raft").err
    gitkb("recompile", "--all")
    assert git(kb, "rev-parse", "HEAD") == before


@pytest.mark.parametrize("committed", [False, True])
def test_a_persons_words_are_kept(kb: Path, gitkb: Run, git: Git, committed: bool) -> None:
    whole = tree(git, kb)
    _aged(kb, git, "docs/raft", "docs/paxos")
    for page in ("wiki/sources/docs/raft.md", "wiki/summaries/docs/raft.md"):
        note(kb, page, "\n## Notes\n\nAsk Ada.\n")
    if committed:
        git(kb, "commit", "-qam", "mine")
    gitkb("recompile", "--outdated")
    assert all(
        "Ask Ada." in (kb / page).read_text("utf-8") for page in ("wiki/sources/docs/raft.md", "wiki/summaries/docs/raft.md")
    )
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole" and git(kb, "status", "--porcelain") == ""
    assert gitkb("recompile", "docs/raft").out.startswith("Unchanged 1")
    changed = git(kb, "diff", "--name-only", whole, "HEAD").splitlines()
    assert "wiki/sources/docs/paxos.md" not in changed and "wiki/sources/docs/raft.md" in changed


def test_an_edit_is_not_committed_for_a_document_that_comes_out_as_it_is(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, "wiki/summaries/docs/raft.md", "\nHalf a thought.\n")
    before = git(kb, "rev-parse", "HEAD")
    gitkb("recompile", "docs/raft")
    assert git(kb, "rev-parse", "HEAD") == before and "Half a thought." in (kb / "wiki/summaries/docs/raft.md").read_text("utf-8")


def test_a_setting_that_the_compiler_reads_makes_documents_outdated(kb: Path, gitkb: Run, git: Git) -> None:
    assert "settings" not in json.loads((kb / ".gitkb/documents/docs/raft.json").read_text("utf-8"))
    _set(kb, git, "entity_types: [ship]")
    assert _outdated(gitkb)["documents"] == 0  # only a model looks for them
    _set(kb, git, "language: de")
    assert f"Outdated: {len(DOCUMENTS) - 1} documents ({len(DOCUMENTS) - 1} other settings)" in gitkb("status").out
    gitkb("recompile", "docs/raft")
    assert len(json.loads((kb / ".gitkb/documents/docs/raft.json").read_text("utf-8"))["settings"]) == 8
    assert _outdated(gitkb)["documents"] == len(DOCUMENTS) - 2
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_document_that_fails_is_named_and_the_others_go_on(kb: Path, gitkb: Run, git: Git) -> None:
    _aged(kb, git, "docs/raft", "docs/paxos")
    (kb / "raw/docs/paxos.md").write_text("Somebody else's words.\n", encoding="utf-8")
    git(kb, "commit", "-qam", "wrong")
    events = _events(gitkb("recompile", "--outdated", "--json", code=3))
    failed, done = events[0], events[1]
    assert (failed["outcome"], done["outcome"]) == ("failed", "recompiled")
    assert "raw/docs/paxos.md is not the original that its record names" in failed["reason"]
    assert events[-1]["failed"] == 1 and _outdated(gitkb)["documents"] == 1


def test_it_wants_to_be_told_which_documents(kb: Path, gitkb: Run) -> None:
    for arguments in ((), ("--all", "--outdated"), ("docs/raft", "--all")):
        assert "--outdated" in gitkb("recompile", *arguments, code=2).err
    assert "'nothing'" in gitkb("recompile", "nothing", code=1).err
    assert "asks no model" in gitkb("recompile", "--all", "--estimate", code=2).err
    assert gitkb("recompile", "--outdated").out.startswith("Nothing to recompile")


def test_on_a_branch_and_in_a_bare_repository(kb: Path, tmp_path: Path, run: Run, gitkb: Run, git: Git) -> None:
    _aged(kb, git, "docs/raft")
    before = git(kb, "rev-parse", "HEAD")
    git(tmp_path, "clone", "-q", "--bare", str(kb), "bare.git")
    gitkb("recompile", "--outdated", "--branch", "again")
    assert git(kb, "rev-parse", "HEAD") == before and subjects(git, kb, "main..again") == ["recompile docs/raft: Raft"]
    assert run("recompile", "--outdated", "--jobs", "1", "--kb", tmp_path / "bare.git").code == 0
    assert tree(git, tmp_path / "bare.git") == tree(git, kb, "again")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with serving(writing, key="secret", models=("small", "large")) as found:
        monkeypatch.setenv("OPENAI_BASE_URL", found.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        yield found


def test_a_model_is_asked_once_and_the_settings_of_the_knowledge_base_are_the_rule(
    kb: Path, gitkb: Run, git: Git, server: ModelServer
) -> None:
    whole, count = tree(git, kb), len(DOCUMENTS) - 1
    once = ("docs/raft", "docs/paxos", "--model", "small")
    assert json.loads(gitkb("recompile", *once, "--estimate", "--json").out)["calls"] == 2
    dry = _events(gitkb("recompile", *once, "--dry-run", "--json"))
    assert server.calls == 0 and [event["reason"] for event in dry[:-1]] == ["asks the model; what changes is known then"] * 2
    gitkb("recompile", *once)
    assert server.purposes()["digest"] == 2
    assert _outdated(gitkb)["reasons"] == [
        {"documents": 2, "what": "compiler", "before": f"{LLM_COMPILER} small", "now": "gitkb-extractive/6"}
    ]
    gitkb("recompile", "--outdated")
    assert tree(git, kb) == whole or git(kb, "diff", "--name-only", whole, "HEAD", "--", ":!.gitkb/overviews") == ""
    _set(kb, git, "compiler: llm\nmodel: small")
    gitkb("recompile", "docs/raft", "docs/paxos")
    assert server.purposes()["digest"] == 2  # nothing is paid twice
    _set(kb, git, "llm:\n  instructions: Write for sailors.")
    reasons = {(each["what"], each["documents"]) for each in _outdated(gitkb)["reasons"]}
    assert reasons == {("compiler", count - 2), ("settings", 2)}
    gitkb("recompile", "docs/raft")
    assert server.purposes()["digest"] == 3
    gitkb("recompile", "--outdated", "--model", "large", "--max-tokens", "1", code=3)


def test_a_dry_run_of_add_asks_no_model_and_foresees_what_is_answered(
    kb: Path, tmp_path: Path, gitkb: Run, git: Git, server: ModelServer
) -> None:
    once = (write(tmp_path / "more", {"lease.md": "# Leases\n\nA lease is a lock that ends by itself.\n"}), "--model", "small")
    dry = _events(gitkb("add", *once, "--dry-run", "--json"))
    assert server.calls == 0 and dry[0]["outcome"] == "added" and dry[0]["reason"] == "asks the model; what changes is known then"
    assert dry[-1]["foreseen"]["written"] == []
    gitkb("add", *once)
    paid, files = server.calls, git(kb, "ls-files", "*/more/*").splitlines()
    gitkb("remove", "more/lease")
    dry = _events(gitkb("add", *once, "--dry-run", "--older", "--json"))
    assert server.calls == paid and dry[0]["reason"] == ""
    assert set(dry[-1]["foreseen"]["written"] + dry[-1]["foreseen"]["pages"]["created"]) >= set(files)
