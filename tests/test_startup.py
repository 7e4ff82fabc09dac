"""The program starts quickly: what is asked often loads nothing that it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clones import gitkb

HEAVY = {
    *(
        "rich",
        "joblib",
        "pygit2",
        "pypdf",
        "pypdfium2",
        "openpyxl",
        "lxml",
        "docutils",
        "wordfreq",
        "yaml",
        "sqlite3",
        "PIL",
        "bs4",
        "prompt_toolkit",
        "openai",
        "httpx2",
        "jsonschema",
    ),
    *("gitkb.api.knowledge_base", "gitkb.commands", "gitkb.intake", "gitkb.store"),
}


def _loaded_after(*arguments: str) -> set[str]:
    code = f"""
import sys
sys.argv = ["gitkb", *{arguments!r}]
from gitkb.__main__ import main
try:
    main()
finally:
    print("LOADED", *sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("add", "--help"), ("search", "--help"), ("chat", "--help"), ("help",), ("help", "asking"), ("help", "add")],
)
def test_help_loads_neither_the_library_nor_anything_heavy(arguments: tuple[str, ...]) -> None:
    assert not _loaded_after(*arguments) & HEAVY


def test_version_loads_not_even_the_command_line() -> None:
    loaded = _loaded_after("--version")
    assert "gitkb" in loaded
    assert loaded & {*HEAVY, "typer", "dataclasses", "pathlib", "gitkb.cli"} == set()


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("startup")
    (top / "docs").mkdir()
    (top / "docs/valve.md").write_text("# Valve\n\nA valve is a part that closes a line.\n", encoding="utf-8")
    gitkb("init", top / "kb")
    gitkb("add", top / "docs", "--kb", top / "kb")
    gitkb("search", "valve", "--kb", top / "kb")  # the first search makes the index
    return top / "kb"


@pytest.mark.parametrize("arguments", [("list",), ("show", "docs/valve"), ("search", "valve"), ("status",), ("log",)])
def test_reading_loads_no_parser_and_nothing_that_writes_documents(kb: Path, arguments: tuple[str, ...]) -> None:
    loaded = _loaded_after(*arguments, "--kb", str(kb))
    unneeded = HEAVY - {"pygit2", "sqlite3", "gitkb.api.knowledge_base", "gitkb.commands", "gitkb.intake", "gitkb.store"}
    assert "gitkb.store.repository" in loaded
    assert (
        loaded & {*unneeded, "pydantic", "gitkb.convert.converter", "gitkb.compile.extractive.compiler", "gitkb.intake.prepare"}
        == set()
    )


def test_an_add_of_files_loads_nothing_that_fetches(kb: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/pump.md").write_text("# Pump\n\nA pump is a part that moves a liquid.\n", encoding="utf-8")
    loaded = _loaded_after("add", str(tmp_path / "docs"), "--kb", str(kb))
    assert "gitkb.commands.add.add_run" in loaded
    assert loaded & {"httpcore2", "h11", "trio", "openai"} == set()
