"""Quality: what is found, what is set right alone, and what is left to people."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkb.model.findings import CODES
from tests.support.model_server import Asked, Json, serving
from tests.support.small_documents import Git, note, subjects, write

Run = Callable[..., Any]
DAYS = "\n\n".join(
    f"Group {n} has twenty-{n} days of leave a year and asks for them {n} weeks before they begin." for n in range(9)
)
RULES = "\n\n".join(
    f"Rule {n} is that servers of kind {n} are restarted after {n} weeks by whoever is on duty." for n in range(9)
)
FILES = {
    "a.md": "# Colour space\n\nA colour space is a model of how the colours of a picture are numbered.\n\n"
    "A colour space has 3 axes in every picture file.\n",
    "b.md": "# Color space\n\nA color space is a set of colors that a screen can show.\n",
    "c.md": "# Gossip\n\nGossip is a method in which servers tell a few others what they know.\n\n"
    "Every gossip cluster has 5 servers at least.\n",
    "d.md": "# Gossip protocol\n\nA gossip protocol is a method in which servers tell each other what they know.\n\n"
    "Every gossip protocol cluster has 3 servers at least.\n",
    "leave-2019.md": f"# Leave 2019\n\n{DAYS}\n",
    "leave-2021.md": f"# Leave 2021\n\n{DAYS}\n\nParents have nine days more.\n",
    "leave-2023.md": f"# Leave 2023\n\n{DAYS}\n\nParents have ten days more. These days replace those of Leave 2019.\n",
    "report-2019.md": "# Report 2019\n\nThe year was good, and the shop in Bern sold more than any other shop did before.\n",
    "report-2020.md": "# Report 2020\n\nThe year was bad, and nobody bought a thing in Bern while the doors were closed.\n",
    "one/guide.md": f"# Guide v1\n\n{RULES}\n",
    "two/guide.md": f"# Guide v2\n\n{RULES}\n\nWhat is new comes last.\n",
    "old/rules.md": f"---\ntitle: Rules\ndate: 2020-01-02\n---\n\n{RULES}\n\nOld.\n",
    "new/rules.md": f"---\ntitle: Rules\ndate: 2022-01-02\n---\n\n{RULES}\n\nThis page supersedes the Rules of 2020.\n",
    "chapter-1.md": f"# Chapter 1\n\n{RULES}\n\nOne.\n",
    "chapter-2.md": f"# Chapter 2\n\n{RULES}\n\nTwo.\n",
    "table.csv": "day,number\n1,2\n2,3\n",
}
COLOR, COLOUR = "wiki/concepts/color-space.md", "wiki/concepts/colour-space.md"


def _pages(kb: Path, git: Git, pages: dict[str, str]) -> None:
    """Commits pages of a person."""
    for name, text in pages.items():
        file = kb / "wiki" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    git(kb, "-c", "core.autocrlf=false", "add", "wiki")
    git(kb, "commit", "-qm", "mine")


def _found(gitkb: Run, *arguments: str, code: int = 4) -> dict[str, list[tuple[str, str]]]:
    """(path, message) of the findings by code."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(gitkb("lint", "--json", *arguments, code=code).out)["findings"]:
        found.setdefault(each["code"], []).append((each["path"], each["message"]))
    return found


def test_what_is_found_is_said_with_the_command_that_settles_it(kb: Path, gitkb: Run, git: Git) -> None:
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    found = _found(gitkb)
    old = ("leave-2019", "old/rules", "one/guide")
    assert [path for path, _ in found["superseded-source"]] == [f"wiki/summaries/docs/{name}.md" for name in old]
    assert {path for path, _ in found["near-duplicate"]} == {COLOR, "wiki/concepts/gossip.md"}
    assert [path for path, _ in found["empty-summary"]] == ["wiki/summaries/docs/table.md"]
    assert set(found) <= set(CODES) - {"dead-link", "contradiction"}
    shown = gitkb("lint", code=4).out
    assert "gitkb remove docs/leave-2019" in shown and "gitkb same concepts/color-space concepts/colour-space" in shown
    assert "[near-duplicate]" in shown and "lint --fix" in shown
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before


PERIODS = [
    ("2022 Q3 LUND", "2023 Q3 LUND"),
    ("board-minutes-2022", "board-minutes-2023"),
    ("Protokoll 12.03.2024", "Protokoll 19.03.2024"),
    ("Protokoll 12.3", "Protokoll 19.3"),
    ("water-law-edition-2022", "water-law-edition-2023"),
    ("10-Q 2023Q1", "10-Q 2023Q2"),
    ("minutes-11", "minutes-12"),
]


@pytest.mark.parametrize("names", PERIODS)
def test_what_is_written_for_one_period_is_no_version_of_another(gitkb: Run, tmp_path: Path, names: tuple[str, str]) -> None:
    for number, name in enumerate(names):
        write(tmp_path / "periods", {f"{name}.md": f"# Lund clinic\n\nWater use was {47 + number} cubic metres.\n\n{RULES}\n"})
    gitkb("add", tmp_path / "periods")
    told = [path for path, _ in _found(gitkb)["superseded-source"]]
    assert told and not [path for path in told if "periods" in path]


def test_kinds_of_findings_are_chosen_by_their_codes(gitkb: Run) -> None:
    assert set(_found(gitkb, "--only", "superseded-source")) == {"superseded-source"}
    assert "superseded-source" not in _found(gitkb, "--except", "superseded-source")
    assert "is clean" in gitkb("lint", "--only", "dead-link").out
    assert "--no-model" in gitkb("lint", "--only", "contradiction", code=2).err
    gitkb("lint", "--dry-run", code=2)
    gitkb("lint", "--fix", "--at", "HEAD", code=2)


def test_an_unknown_code_is_answered_with_all_codes_outside_of_a_knowledge_base_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("lint", "--only", "nonsense")
    assert done.code == 2 and all(code in done.err for code in CODES)


def test_the_help_names_every_code(run: Run) -> None:
    shown = " ".join(run("lint", "--help").out.split())
    assert all(code in shown for code in CODES)


def test_a_decision_of_a_person_ends_the_finding(gitkb: Run) -> None:
    gitkb("apart", "color-space", "colour-space")
    gitkb("same", "concepts/gossip.md", "gossip-protocol")
    assert "near-duplicate" not in _found(gitkb)
    assert "near-duplicate" in _found(gitkb, "--at", "HEAD~3")


def test_fix_puts_names_on_one_page_by_a_rule_and_leaves_what_is_a_persons_to_judge(kb: Path, gitkb: Run, git: Git) -> None:
    done = json.loads(gitkb("lint", "--fix", "--json", code=4).out)
    assert done["fixed"]["merged"] == {"color-space": "colour-space"}
    assert [each["path"] for each in done["findings"] if each["code"] == "near-duplicate"] == ["wiki/concepts/gossip.md"]
    assert subjects(git, kb)[:2] == ["pages: 4 changed", "decide: Color space means Colour space"]
    assert json.loads((kb / ".gitkb/decisions/same-as/color-space.json").read_text())["by"] == "rule gitkb-lint/1"
    assert "a screen can show" in (kb / COLOUR).read_text(encoding="utf-8")
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    head = git(kb, "rev-parse", "HEAD")
    assert "nothing to fix" in gitkb("lint", "--fix", code=4).out and git(kb, "rev-parse", "HEAD") == head


def test_a_page_with_words_of_a_person_is_not_put_on_another_unasked(kb: Path, gitkb: Run, git: Git) -> None:
    note(kb, COLOR, "\n## Notes\n\nMine.\n")
    done = json.loads(gitkb("lint", "--fix", "--json", code=4).out)
    assert done["fixed"]["merged"] == {} and done["fixed"]["left"] == [COLOR]
    git(kb, "commit", "-qam", "mine")
    done = json.loads(gitkb("lint", "--fix", "--json", code=4).out)
    assert done["fixed"]["merged"] == {} and not any(each["fixable"] for each in done["findings"])


HOWTO = "# How to\n\n## Setup\n\nSee [mine](../../mine.md).\n"
MINE = (
    "---\ntitle: Mine\n---\n\nSee [space](concepts/color-space.md), [moved](team/howto.md#setup),\n"
    "[gone](team/gone.md) and `[code](team/howto.md)`.\n\n> [quoted](team/howto.md)\n\n    [code](team/howto.md)\n"
)


def test_fix_mends_links_whose_targets_moved_and_nothing_else(kb: Path, gitkb: Run, git: Git) -> None:
    _pages(kb, git, {"mine.md": MINE, "team/old/howto.md": HOWTO, "README.md": "# Start\n\n[[team/old/howto]]\n"})
    (kb / COLOR).unlink()
    found = _found(gitkb, "--only", "dead-link")["dead-link"]
    assert [path for path, _ in found] == ["wiki/mine.md"] * 3 and "wiki/team/old/howto.md#setup now" in str(found)
    git(kb, "checkout", "-q", "--", COLOR)
    gitkb("lint", "--fix", "--only", "dead-link", code=4)
    mended = (kb / "wiki/mine.md").read_bytes().decode()
    assert mended == MINE.replace("[moved](team/howto.md", "[moved](team/old/howto.md")
    assert subjects(git, kb)[0] == "mend 1 dead link in wiki/mine.md"
    assert "wiki/mine.md:5 leads to wiki/team/old/howto.md#setup" in git(kb, "log", "-1", "--format=%b")
    assert len(_found(gitkb, "--only", "dead-link")["dead-link"]) == 2


def test_links_as_editors_write_them_are_no_dead_ones(kb: Path, gitkb: Run, git: Git) -> None:
    fine = (
        "[a](team/a%20page.md#My%20Heading) [b](<team/a page.md#my-heading>) [[A page]]",
        "[c](team) [d](team/a%20page) [e](/wiki/team/a%20page.md#^block) [[a page#My Heading|words]] [[team/a page]]",
        "[f](https://example.org/x.md) [g](mailto:a@b.c) [h](#here) [[#here]] [i](../raw/docs/a.md)",
        "[[colour space]] ![[picture.png]] ![p](team/picture.png) [j](concepts/colour-space.md)",
    )
    dead = ("[k](team/a%20page.md#other)", "[[no page]]", "[l](team/a.md)", "![m](none.png)")
    pages = {
        "mine.md": "# Here\n\n" + "\n\n".join((*fine, *dead)) + "\n",
        "team/a page.md": "# My Heading\n",
        "team/picture.png": "",
    }
    _pages(kb, git, pages)
    found = json.loads(gitkb("lint", "--only", "dead-link", "--json", code=4).out)["findings"]
    assert [each["line"] for each in found] == [11, 13, 15, 17]


def test_a_link_to_a_page_that_went_on_another_is_mended_with_the_decision(kb: Path, gitkb: Run, git: Git) -> None:
    (kb / ".gitkb/decisions/same-as").mkdir(parents=True)
    mine = "# Mine\n\nSee [x](concepts/picture-files.md) and [[picture-files]].\n"
    _pages(kb, git, {"mine.md": mine, "README.md": "[m](mine.md)\n"})
    git(kb, "rm", "-q", "-r", "raw/docs/b.md")  # a hole that check would name does not hinder lint
    git(kb, "commit", "-qm", "hole")
    decision = {"by": "human:ada@example.org", "format": 1, "same_as": "colour-space"}
    (kb / ".gitkb/decisions/same-as/picture-file.json").write_text(json.dumps(decision))
    (kb / ".gitkb/decisions/same-as/picture-files.json").write_text(json.dumps(decision))
    git(kb, "add", ".gitkb")
    git(kb, "commit", "-qm", "decided")
    gitkb("lint", "--fix", "--only", "dead-link")
    text = (kb / "wiki/mine.md").read_text(encoding="utf-8")
    assert text == "# Mine\n\nSee [x](concepts/colour-space.md) and [[colour-space|picture-files]].\n"


def test_a_document_that_is_gone_is_not_taken_for_a_page_of_its_name(kb: Path, gitkb: Run, git: Git) -> None:
    mine = "See [x](sources/docs/colour-space.md) and [y](summaries/docs/picture-files.md).\n"
    _pages(kb, git, {"mine.md": mine, "README.md": "[m](mine.md)\n"})
    gitkb("lint", "--fix", "--only", "dead-link", code=4)
    assert (kb / "wiki/mine.md").read_text(encoding="utf-8") == mine


def test_a_link_to_a_document_that_was_renamed_is_mended(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    mine = "See [a](summaries/docs/a.md), [b](sources/docs/b.md#color-space) and [[docs/a]].\n"
    _pages(kb, git, {"mine.md": mine, "README.md": "[m](mine.md)\n"})
    (docs / "a.md").rename(docs / "first.md")
    (docs / "b.md").rename(docs / "second.md")
    gitkb("add", docs)
    gitkb("lint", "--fix", "--only", "dead-link")
    text = (kb / "wiki/mine.md").read_text(encoding="utf-8")
    assert (
        text == "See [a](summaries/docs/first.md), [b](sources/docs/second.md#color-space) and [[summaries/docs/first|docs/a]].\n"
    )


def test_every_link_to_a_renamed_document_is_mended_however_it_is_written(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    mine = "[one](summaries/docs/a.md), [[a]], [[a|two]], [[a|a]], [[docs/a#Colour space]]"
    mine += " and [three](sources/docs/a.md#no-such-heading).\n"
    _pages(kb, git, {"mine.md": mine, "README.md": "[m](mine.md)\n"})
    (docs / "a.md").rename(docs / "first.md")
    gitkb("add", docs)
    left = _found(gitkb, "--fix", "--only", "dead-link")["dead-link"]
    assert (kb / "wiki/mine.md").read_text(encoding="utf-8") == (
        "[one](summaries/docs/first.md), [[first|a]], [[first|two]], [[first|a]], "
        "[[summaries/docs/first#Colour space|docs/a#Colour space]] and [three](sources/docs/first.md#no-such-heading).\n"
    )
    assert [message for _, message in left] == [
        "Its link to wiki/sources/docs/first.md#no-such-heading leads to no heading or anchor there."
    ]


def test_a_bare_name_that_two_renamed_documents_had_is_left_to_people(kb: Path, docs: Path, gitkb: Run, git: Git) -> None:
    mine = "See [[guide]].\n"
    _pages(kb, git, {"mine.md": mine, "README.md": "[m](mine.md)\n"})
    (docs / "one/guide.md").rename(docs / "one/first.md")
    (docs / "two/guide.md").rename(docs / "two/second.md")
    gitkb("add", docs)
    gitkb("lint", "--fix", "--only", "dead-link", code=4)
    assert (kb / "wiki/mine.md").read_text(encoding="utf-8") == mine


def test_edits_that_are_not_committed_are_left_alone(kb: Path, gitkb: Run, git: Git) -> None:
    _pages(kb, git, {"mine.md": MINE, "team/old/howto.md": HOWTO})
    note(kb, "wiki/mine.md", "\nNot yet committed.\n")
    edited = (kb / "wiki/mine.md").read_bytes()
    done = gitkb("lint", "--fix", "--only", "dead-link", code=4)
    assert "wiki/mine.md has edits that are not committed" in done.err
    assert (kb / "wiki/mine.md").read_bytes() == edited and subjects(git, kb)[0] == "mine"


def test_a_dry_run_of_fix_names_exactly_what_it_would_touch(kb: Path, gitkb: Run, git: Git) -> None:
    _pages(kb, git, {"mine.md": MINE, "team/old/howto.md": HOWTO})
    before = git(kb, "for-each-ref") + git(kb, "count-objects")
    told = json.loads(gitkb("lint", "--fix", "--dry-run", "--json", code=4).out)["fixed"]
    shown = gitkb("lint", "--fix", "--dry-run", code=4).out
    assert git(kb, "for-each-ref") + git(kb, "count-objects") == before and git(kb, "status", "--porcelain") == ""
    start = git(kb, "rev-parse", "HEAD")
    done = json.loads(gitkb("lint", "--fix", "--json", code=4).out)["fixed"]
    assert {name: told[name] for name in ("merged", "mended", "written", "pages")} == {
        name: done[name] for name in ("merged", "mended", "written", "pages")
    }
    touched = git(kb, "diff", "--name-only", f"{start}..HEAD").splitlines()
    assert sorted(touched) == sorted([*told["mended"], *told["written"], *told["pages"]["changed"]])
    assert all(path in shown for path in touched)


def test_pages_of_people_that_nothing_leads_to_are_found(kb: Path, gitkb: Run, git: Git) -> None:
    pages = {"README.md": "[[linked]] and [team](team)\n", "linked.md": "# L\n", "lonely.md": "# Me\n", "team/README.md": "# T\n"}
    _pages(kb, git, pages | {"typed.md": "---\ntype: Note\n---\n\nSee [lonely](lonely.md) and [me](typed.md).\n"})
    orphans = [path for path, _ in _found(gitkb, "--only", "orphan-page")["orphan-page"]]
    assert orphans == ["wiki/typed.md"]
    described = [path for path, _ in _found(gitkb, "--only", "missing-description")["missing-description"]]
    assert described == ["wiki/typed.md"]


def test_an_approved_page_is_left_to_people_and_found_when_it_changes(kb: Path, gitkb: Run, git: Git) -> None:
    git(kb, "config", "user.email", "ada@example.org")
    git(kb, "config", "user.name", "Ada")
    gitkb("approve", "colour-space")
    assert json.loads(gitkb("lint", "--fix", "--json", code=4).out)["fixed"]["merged"] == {}
    gitkb("same", "color-space", "colour-space")
    [(path, message)] = _found(gitkb, "--only", "changed-since-approval")["changed-since-approval"]
    assert path == COLOUR and "new claim" in message
    gitkb("approve", "colour-space")
    gitkb("lint", "--only", "changed-since-approval")


def test_a_description_that_a_person_gave_ends_the_finding(kb: Path, gitkb: Run) -> None:
    page = kb / "wiki/summaries/docs/table.md"
    page.write_text(page.read_text().replace("type: Summary\n", "type: Summary\ndescription: Days and numbers.\n"))
    subprocess.run(["git", "-C", kb, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qam", "said"], check=True)
    assert "empty-summary" not in _found(gitkb)


def test_a_model_judges_contradictions_and_is_asked_once(kb: Path, gitkb: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def judging(asked: Asked) -> Json:
        assert asked.purpose == "conflict" and "gossip cluster has 5 servers" in asked.last and "has 3 servers" in asked.last
        return {"contradict": True}

    with serving(judging) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        gitkb("same", "concepts/gossip", "gossip-protocol")
        first = json.loads(gitkb("lint", "--json", "--model", "test-model", code=4).out)
        again = json.loads(gitkb("lint", "--json", "--model", "test-model", code=4).out)
        assert server.calls == 1 and first["model"]["calls"] == 1 and again["model"]["cached"] == 1
        found = [each for each in first["findings"] if each["code"] == "contradiction"]
        assert (
            len(found) == 1 and found[0]["path"] == "wiki/concepts/gossip-protocol.md" and "has 3 servers" in found[0]["message"]
        )
        assert found == [each for each in again["findings"] if each["code"] == "contradiction"]
        assert "contradiction" not in str(_found(gitkb)) and server.calls == 1


def test_without_a_server_everything_else_is_found(gitkb: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    gitkb("same", "concepts/gossip", "gossip-protocol")
    with serving(lambda asked: {"contradict": False}, key="other") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        done = json.loads(gitkb("lint", "--json", "--model", "test-model", code=4).out)
        assert "not looked for" in done["unasked"] and done["counts"]["superseded-source"] == 3
        gitkb("lint", "--only", "contradiction", "--model", "test-model", code=1)
