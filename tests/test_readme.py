"""The README is short, its commands work as they stand there, it lists every command, and its picture is what gitkb does."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.support.documentation import PERSON, ROOT, SAMPLES, Shell, block, matches, parser, steps, varying

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETUP = "python3 -m venv .venv && .venv/bin/pip install --quiet "
LIMIT = 10 * 1024


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a newcomer has: the sample documents in their place."""
    shutil.copytree(SAMPLES, tmp_path / "tests" / "data" / "documents")
    return tmp_path


def _bash(command: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_it_is_short() -> None:
    assert len(README.encode()) <= LIMIT


@pytest.mark.skipif(os.name != "posix", reason="the README's commands are for a POSIX shell")
def test_the_main_command_makes_a_wiki_of_the_sample_documents(clone: Path) -> None:
    command = block(README, "main command").rstrip("\n")
    assert command.startswith(f"{SETUP}. && ") and "\n" not in command
    programs = clone / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "gitkb").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitkb "$@"\n')
    (programs / "gitkb").chmod(0o755)
    out = _bash(command.removeprefix(f"{SETUP}. && "), clone)
    documents = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert f"Added {len(documents)} in" in out
    assert "summaries/" in out
    assert (clone / "my-kb" / "wiki" / "concepts" / "write-ahead-logging.md").is_file()


def test_the_first_session_prints_what_it_says(clone: Path) -> None:
    session = steps(README)
    assert len(session) == 3
    shell = Shell(clone, PERSON)
    for step in session:
        output = shell.run(step.command)
        assert matches(output, step.output), f"{step.command}\n{output}"


def test_the_test_command_is_the_one_that_continuous_integration_runs() -> None:
    command = block(README, "test command").rstrip("\n")
    assert command.startswith(f"{SETUP}'.[dev]' && .venv/bin/pytest") and "\n" not in command
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^command=\$\((.*)\)$", script, re.MULTILINE)
    assert extraction and _bash(extraction[1], ROOT).strip() == command


def test_its_table_has_every_command_and_no_other() -> None:
    listed = re.findall(r"^\| `gitkb (\w+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(parser().commands)


def test_its_list_of_the_guide_is_the_guides_own() -> None:
    listed = re.findall(r"^- \[([^\]]+)\]\(gitkb/guide/([a-z-]+)\.md\)", README, re.MULTILINE)
    index = (ROOT / "gitkb" / "guide" / "index.md").read_text(encoding="utf-8")
    assert listed == re.findall(r"^- \[([^\]]+)\]\(([a-z-]+)\.md\)", index, re.MULTILINE)


def test_the_picture_shows_what_the_program_prints(clone: Path) -> None:
    make: Any = _make_picture()
    shell = Shell(clone, make.ENVIRONMENT)
    shown = [line for command in make.COMMANDS for line in (f"$ {command}", *shell.run(command).splitlines())]
    drawn = make.draw(shown, (shell.folder / make.PAGE).read_text(encoding="utf-8"))
    assert varying(drawn) == varying(make.PICTURE.read_text(encoding="utf-8"))
    assert f"]({make.PICTURE.relative_to(ROOT).as_posix()})" in README


def _make_picture() -> Any:
    spec = spec_from_file_location("make_picture", ROOT / "tests" / "data" / "make_picture.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
