"""The README's commands work as they stand there, and it leaves no command, option or setting out."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gitkb.formats.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETUP = "python3 -m venv .venv && .venv/bin/pip install --quiet "


def _block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)\n```\n", README, re.DOTALL)
    assert found, marker
    return found[1]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a newcomer has, set up: the sample documents, and an environment with the program in `.venv`."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "gitkb").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitkb "$@"\n')
    (programs / "gitkb").chmod(0o755)
    shutil.copytree(ROOT / "tests" / "data" / "documents", tmp_path / "tests" / "data" / "documents")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def _shell(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.skipif(os.name != "posix", reason="the README's commands are for a POSIX shell")
def test_the_main_command_makes_a_wiki_of_the_sample_documents(clone: Path) -> None:
    command = _block("main command")
    assert command.startswith(f"{SETUP}. && ") and "\n" not in command
    out = _shell(command.removeprefix(f"{SETUP}. && "), clone)
    documents = [path for path in (clone / "tests" / "data" / "documents").rglob("*") if path.is_file()]
    assert f"Added {len(documents)} in" in out
    assert "summaries/" in out
    assert (clone / "my-kb" / "wiki" / "concepts" / "write-ahead-logging.md").is_file()


@pytest.mark.skipif(os.name != "posix", reason="the README's commands are for a POSIX shell")
def test_the_commands_of_the_first_session_work(clone: Path) -> None:
    commands = [line.removeprefix("$ ") for line in _block("session").splitlines() if line.startswith("$ ")]
    assert len(commands) > 3
    _shell("\n".join(commands), clone)


def test_the_test_command_is_the_one_that_continuous_integration_runs() -> None:
    command = _block("test command")
    assert command.startswith(f"{SETUP}'.[dev]' && .venv/bin/pytest") and "\n" not in command
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^command=\$\((.*)\)$", script, re.MULTILINE)
    assert extraction and _shell(extraction[1], ROOT).strip() == command


def test_every_command_is_documented() -> None:
    from gitkb.cli.app import application

    for name in typer.main.get_command(application).commands:  # type: ignore[attr-defined]
        assert re.search(rf"^\| `gitkb {name}\b", README, re.MULTILINE), name


def test_every_option_is_documented() -> None:
    from gitkb.cli.app import application

    for name, command in typer.main.get_command(application).commands.items():  # type: ignore[attr-defined]
        for option in (option for each in command.params for option in each.opts if option.startswith("--")):
            if option not in ("--help", "--verbose"):
                assert re.search(rf"{option}\b", README), f"{name} {option}"


def _keys(settings: Any, prefix: str = "") -> list[str]:
    return [
        key
        for each in fields(settings)
        for value in [getattr(settings, each.name)]
        for key in (_keys(value, f"{prefix}{each.name}.") if is_dataclass(value) else [f"{prefix}{each.name}"])
    ]


def test_every_setting_is_documented() -> None:
    for key in _keys(Settings()):
        assert f"| `{key}` |" in README, key


def test_the_links_of_the_readme_point_to_files_that_exist() -> None:
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", prose):
        assert (ROOT / target).exists(), target
