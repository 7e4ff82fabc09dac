"""`gitkb help`: the guide by topic, a command's help, through a pager where a person sits at a terminal."""

import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.documentation import GUIDE, ROOT, leaves, parser

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def test_without_a_topic_it_lists_all(run: Callable[..., Any]) -> None:
    done = run("help")
    topics = [line.split()[0] for line in done.out.splitlines()]
    assert sorted(topics) == sorted(page.stem for page in GUIDE.glob("*.md") if page.stem != "index")
    assert all(len(line.split()) > 2 for line in done.out.splitlines())
    assert done.code == 0 and "gitkb help TOPIC" in done.err


def test_a_program_gets_a_page_as_it_is(run: Callable[..., Any]) -> None:
    assert run("help", "asking").out == (GUIDE / "asking.md").read_text(encoding="utf-8")


def test_a_program_gets_topics_and_pages_as_json(run: Callable[..., Any]) -> None:
    rows = json.loads(run("help", "--json").out)
    assert rows[0]["topic"] == "first-steps" and set(rows[0]) == {"topic", "title", "description"}
    page = json.loads(run("help", "asking", "--json").out)
    assert page["topic"] == "asking" and page["text"].startswith(f"# {page['title']}")
    assert json.loads(run("help", "log", "--json").out)["text"].startswith("Usage: gitkb log ")


@pytest.mark.parametrize("command", leaves(parser()))
def test_a_command_is_helped_as_by_its_own_option(command: str, run: Callable[..., Any]) -> None:
    assert run("help", *command.split()).out == run(*command.split(), "--help").out


def test_a_group_of_commands_is_helped_too(run: Callable[..., Any]) -> None:
    assert run("help", "hooks").out == run("hooks", "--help").out


@pytest.mark.parametrize(("wrong", "near"), [("qualty", "quality"), ("seach", "search"), ("hooks instal", "hooks install")])
def test_what_there_is_not_names_what_is_near(wrong: str, near: str, run: Callable[..., Any]) -> None:
    done = run("help", *wrong.split())
    assert done.code == 2 and done.out == ""
    assert f"'{wrong}'" in done.err and f"Did you mean {near}" in done.err


def test_what_is_far_from_everything_names_nothing(run: Callable[..., Any]) -> None:
    done = run("help", "xylophone")
    assert done.code == 2 and "Did you mean" not in done.err and "gitkb help lists" in done.err


@pytest.mark.parametrize("outside", ["../../README", "index", "/etc/hosts"])
def test_no_file_but_a_topics_is_shown(outside: str, run: Callable[..., Any]) -> None:
    assert run("help", outside).code == 2


def _at_a_terminal(pager: str | None, *arguments: str) -> str:
    """What a terminal of 80 columns shows."""
    pexpect = pytest.importorskip("pexpect")
    environment = {name: value for name, value in os.environ.items() if name != "PAGER"} | {
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        "COLUMNS": "80",
    }
    if pager is not None:
        environment["PAGER"] = pager
    command = ["-m", "gitkb", *arguments]
    child = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=60, dimensions=(24, 80))
    out: str = child.read()
    child.close()
    assert child.exitstatus == 0, out
    return out.replace("\r\n", "\n")


def test_a_person_reads_a_page_through_the_pager_of_their_choice() -> None:
    out = ESCAPES.sub("", _at_a_terminal("sed -e 's/^/paged: /'", "help", "asking"))
    lines = out.splitlines()
    assert all(line.startswith("paged: ") for line in lines)
    assert any("Searching and asking" in line for line in lines)


@pytest.mark.parametrize("pager", ["", "cat", "no-such-pager"])
def test_a_page_is_printed_where_there_is_no_pager(pager: str) -> None:
    assert "Searching and asking" in _at_a_terminal(pager, "help", "asking")


def test_a_page_is_laid_out_for_the_terminal() -> None:
    out = ESCAPES.sub("", _at_a_terminal("cat", "help", "asking"))
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "gitkb help first-steps" in out.replace("\n", " ")
    assert not [mark for mark in ("## ", "](asking", "```", "<!--") if mark in out]


def test_a_commands_help_goes_through_the_pager_too() -> None:
    assert _at_a_terminal("sed -e 's/^/paged: /'", "help", "log").startswith("paged: Usage: gitkb log ")


def test_nothing_is_paged_for_a_program(program: Callable[..., Any]) -> None:
    done = program("help", "asking", env={"PAGER": "sed -e s/^/paged:/"})
    assert done.returncode == 0 and done.stdout.startswith("# Searching and asking\n")
