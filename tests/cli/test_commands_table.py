"""The commands are loaded one by one: what help says of them is true, and reading loads nothing that it does not need."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from gitkb import KnowledgeBase
from gitkb.cli.app import COMMANDS, application
from gitkb.model.listener import Listener

UNNEEDED = {"pydantic", "rich", "openai", "httpx2", "httpcore2", "joblib", "jsonschema", "lxml", "pypdf", "docutils", "wordfreq"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says_of_itself(name: str) -> None:
    import typer

    command = typer.main.get_command(application).commands[name]  # type: ignore[attr-defined]
    own = " ".join(inspect.cleandoc(command.help).split())
    assert own.startswith(COMMANDS[name].help)
    assert COMMANDS[name].help.endswith(".") and command.name == name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kb = tmp_path_factory.mktemp("read") / "kb"
    KnowledgeBase.init(kb, listener=Listener())
    return kb


@pytest.mark.parametrize(
    "arguments", [("list",), ("search", "word", "-n", "3", "--in", "all"), ("status",), ("log",), ("show", "index", "--json")]
)
def test_a_reading_command_loads_neither_pydantic_nor_what_converts_or_asks(folder: Path, arguments: tuple[str, ...]) -> None:
    code = f"""
import sys
from gitkb.__main__ import run
run([*{arguments!r}, "--kb", {str(folder)!r}])
print("LOADED", *sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED ")[2].split())
    assert "pygit2" in loaded
    assert not loaded & UNNEEDED


def test_a_number_out_of_range_is_refused_in_words(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitkb", "search", "word", "-n", "0", "--kb", str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 2 and "-n" in done.stderr


def test_an_unknown_choice_is_refused_in_words(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitkb", "search", "word", "--in", "nowhere", "--kb", str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 2 and "summaries" in done.stderr


def test_the_library_comes_from_the_package_itself() -> None:
    code = "import sys, gitkb; assert 'gitkb.api' not in sys.modules; print(gitkb.KnowledgeBase.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "KnowledgeBase\n"
