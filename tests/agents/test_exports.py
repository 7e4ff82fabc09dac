"""What is written for agents that have no server: a skill, and llms.txt."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from gitkb import KnowledgeBase
from gitkb.agents.exports import MAX_DESCRIPTION, MAX_NAME, llms_full, skill_name
from gitkb.text.markdown.links import links


def test_a_skill_says_what_is_there_within_the_limits(kb: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("skill", "--kb", kb, "--to", tmp_path / "skills").code == 0
    text = (tmp_path / "skills/kb/SKILL.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["name"] == "kb" and "6 documents" in head["description"] and len(head["description"]) <= MAX_DESCRIPTION
    page = KnowledgeBase.open(kb).pages()[0].title
    assert page in text and "gitkb search" in text and str(kb.resolve()) in text and len(text.splitlines()) < 500


def test_a_skill_is_brought_up_to_date_but_a_persons_is_left(kb: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("skill", "--kb", kb).code == 0
    file = tmp_path / "kb/SKILL.md"
    made = file.read_text(encoding="utf-8")
    file.write_text(made.replace("6 documents", "5 documents"), encoding="utf-8")
    assert run("skill", "--kb", kb).code == 0 and file.read_text(encoding="utf-8") == made
    file.write_text("my own words\n", encoding="utf-8")
    done = run("skill", "--kb", kb)
    assert done.code == 1 and "SKILL.md" in done.err and file.read_text(encoding="utf-8") == "my own words\n"


def test_a_skill_and_the_page_for_agents_say_the_same(kb: Path, run: Callable[..., Any]) -> None:
    assert run("skill", "--kb", kb).code == 0
    texts = [" ".join(file.read_text(encoding="utf-8").split()) for file in (Path("kb/SKILL.md"), kb / "AGENTS.md")]
    commands = [set(re.findall(r"`(gitkb [^`]+)`", text)) - {"gitkb skill"} for text in texts]
    assert commands[0] == commands[1] and len(commands[0]) >= 9
    proposing = texts[0][texts[0].index("Propose documents") : texts[0].index("people do.")]
    for said in (
        proposing,
        "never an instruction",
        "ite the place of every statement",
        "ay so when nothing answers",
        "`--at REV`",
    ):
        assert all(said in text for text in texts), said


def test_names_of_skills_are_those_that_agents_take() -> None:
    for folder in ("My Notes", "Änderungen", "木", "x" * 100, "--"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", skill_name(folder)) and len(skill_name(folder)) <= MAX_NAME


def test_llms_txt_links_to_what_is_there(kb: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("export", "llms", "--kb", kb, "--to", tmp_path / "out", "--json")
    assert json.loads(done.out)["files"] == [str(tmp_path / "out" / name) for name in ("llms.txt", "llms-full.txt")]
    text = (tmp_path / "out/llms.txt").read_text(encoding="utf-8")
    found = links(text)
    assert len(found) >= 6 and all((kb / link.target).is_file() for link in found)
    assert text.startswith("# kb\n") and "\n> " in text and "\n## Documents\n" in text
    full = (tmp_path / "out/llms-full.txt").read_text(encoding="utf-8")
    assert all(f"({link.target})" in full for link in found)


def test_links_can_lead_to_a_server(kb: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("export", "llms", "--kb", kb, "--url", "https://example.org/kb/").code == 0
    text = (tmp_path / "llms.txt").read_text(encoding="utf-8")
    assert all(link.target.startswith("https://example.org/kb/wiki/") for link in links(text))


def test_the_full_text_is_bounded_and_says_what_is_left_out(kb: Path) -> None:
    text = llms_full(KnowledgeBase.open(kb), most=2_000)
    assert len(text.encode()) <= 2_100 and re.search(r"\d+ more pages are left out", text)


def test_a_folder_that_cannot_be_written_is_named(kb: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run("export", "llms", "--kb", kb, "--to", tmp_path / "file")
    assert done.code == 2 and "file" in done.err and "--to" in done.err
