"""Nothing forged passes: originals have the bytes, claims the words, texts the original, that records name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb import KnowledgeBase
from tests.support.clones import git, gitkb
from tests.support.small_documents import write

Run = Callable[..., Any]
KEYS = (
    "# Key rotation\n\nKey rotation is the rule that every key is replaced within 30 days."
    " Key rotation protects every service.\n\n## Roles\n\n- **Owner**: the person who replaces the key within 3.5 hours\n"
)
AUDIT = "# Audit\n\nThe audit looks at key rotation once a year. Key rotation is the usual finding.\n"
RECORD, RAW = ".gitkb/documents/hr/keys.json", "raw/hr/keys.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("evidence")
    write(top / "hr", {"keys.md": KEYS, "audit.md": AUDIT})
    gitkb("init", top / "kb")
    gitkb("add", top / "hr", "--kb", top / "kb", "--jobs", "1")
    return top


@pytest.fixture
def kb(made: Path, tmp_path: Path) -> Path:
    for name in ("kb", "hr"):
        shutil.copytree(made / name, tmp_path / name, symlinks=True)
    return tmp_path / "kb"


def _change(kb: Path, path: str, old: str, new: str) -> None:
    text = (kb / path).read_text(encoding="utf-8")
    assert old in text
    (kb / path).write_text(text.replace(old, new), encoding="utf-8")
    git(kb, "commit", "-q", "-a", "--no-verify", "-m", "fix a typo")


def _codes(run: Run, kb: Path, *options: str) -> set[tuple[str, str]]:
    found = json.loads(run("check", "--json", "--kb", kb, *options).out)["problems"]
    return {(each["code"], each["path"]) for each in found}


@pytest.mark.parametrize("options", [(), ("--changed", "HEAD~")])
def test_an_original_with_other_bytes_is_broken_and_an_add_restores_it(kb: Path, run: Run, options: tuple[str, ...]) -> None:
    _change(kb, RAW, "30 days", "180 days")
    assert _codes(run, kb, *options) == {("altered-original", RAW)}
    done = run("add", kb.parent / "hr", "--kb", kb, "--jobs", "1")
    assert done.code == 0 and "restored" in done.err
    assert (kb / RAW).read_text(encoding="utf-8") == KEYS
    assert run("check", "--kb", kb).code == 0
    assert "unchanged" in run("add", kb.parent / "hr", "--kb", kb, "--jobs", "1").out


def test_an_original_that_is_gone_is_restored(kb: Path, run: Run) -> None:
    git(kb, "rm", "-q", RAW)
    git(kb, "commit", "-q", "--no-verify", "-m", "lose it")
    assert run("check", "--kb", kb).code == 4
    assert run("add", kb.parent / "hr", "--kb", kb, "--jobs", "1").code == 0
    assert run("check", "--kb", kb).code == 0 and (kb / RAW).read_text(encoding="utf-8") == KEYS


@pytest.mark.parametrize("options", [(), ("--changed", "HEAD~")])
@pytest.mark.parametrize(
    ("old", "new"),
    [("within 30 days", "within 300 days"), ("30 days", "3.0 days"), ("every key", "no key"), ("is the rule", "is not the rule")],
)
def test_a_claim_whose_words_do_not_stand_at_its_place_is_broken(
    kb: Path, run: Run, old: str, new: str, options: tuple[str, ...]
) -> None:
    data = json.loads((kb / RECORD).read_text(encoding="utf-8"))
    for topic in data["topics"]:
        for claim in topic.get("claims", ()):
            claim["text"] = claim["text"].replace(old, new)
    before = (kb / RECORD).read_text(encoding="utf-8")
    (kb / RECORD).write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert (kb / RECORD).read_text(encoding="utf-8") != before
    git(kb, "commit", "-q", "-a", "--no-verify", "-m", "forge")
    assert ("forged-claim", RECORD) in _codes(run, kb, *options)
    assert run("recompile", "hr/keys", "--kb", kb, "--jobs", "1").code == 0
    assert run("check", "--kb", kb).code == 0


def test_a_claim_at_another_place_than_its_words_is_broken(kb: Path, run: Run) -> None:
    data = json.loads((kb / RECORD).read_text(encoding="utf-8"))
    claim = next(claim for topic in data["topics"] for claim in topic.get("claims", ()) if "30 days" in claim["text"])
    claim["place"]["anchor"] = "roles"
    (kb / RECORD).write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    git(kb, "commit", "-q", "-a", "-m", "move it")
    assert ("forged-claim", RECORD) in _codes(run, kb)


def test_a_person_may_edit_a_converted_text(kb: Path, run: Run) -> None:
    _change(kb, "wiki/sources/hr/keys.md", "within 30 days", "within thirty days")
    assert run("check", "--kb", kb).code == 0


def test_what_was_forged_to_match_is_found_when_the_original_is_converted_again(kb: Path, run: Run) -> None:
    assert run("check", "--reproduce", "--kb", kb).code == 0
    page = kb / "wiki/sources/hr/keys.md"
    from gitkb.wiki.hand_edits import seal

    forged = seal(page.read_text(encoding="utf-8").replace("30 days", "300 days"), "markdown/9")
    page.write_bytes(forged)
    _change(kb, RECORD, "30 days", "300 days")
    assert run("check", "--kb", kb).code == 0, "the two agree"
    for options in (("--reproduce",), ("--reproduce", "--changed", "HEAD~"), ("--reproduce", "--at", "HEAD")):
        found = _codes(run, kb, *options)
        assert {("not-reproduced", RECORD), ("not-reproduced", "wiki/sources/hr/keys.md")} <= found, options
    assert _codes(run, kb, "--reproduce", "--at", "HEAD~") == set()


def test_a_record_that_changed_though_its_original_did_not_is_first_in_the_diff(kb: Path, run: Run) -> None:
    _change(kb, RECORD, "30 days", "300 days")
    (kb.parent / "hr/audit.md").write_text(AUDIT.replace("once", "twice"), encoding="utf-8")
    gitkb("add", kb.parent / "hr", "--kb", kb, "--jobs", "1")
    screen = run("diff", "HEAD~3", "--kb", kb).out.splitlines()
    first = screen[screen.index("Look at these first:") + 1]
    assert "record altered" in first and "the record of hr/keys changed though its original did not" in first
    assert "record altered" in run("diff", "HEAD~3", "--format", "markdown", "--kb", kb).out
    (kb.parent / "hr/keys.md").write_text(KEYS.replace("30", "60"), encoding="utf-8")
    before = git(kb, "rev-parse", "HEAD")
    gitkb("add", kb.parent / "hr", "--kb", kb, "--jobs", "1")
    assert "record altered" not in run("diff", before, "--kb", kb).out
    assert KnowledgeBase.open(kb).check().problems == ()
