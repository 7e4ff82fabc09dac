"""The borders between the layers and the sizes of what is within them hold, and the rules that hold them bite."""

import ast
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.isolation import ROOT

PACKAGE = ROOT / "gitkb"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_FUNCTION_LINES, MAX_MODULE_LINES, MAX_MODULES = 60, 600, 13
LONGER = {"api/knowledge_base.py": 730}
"""The library is one class: a method for each thing that can be done with a knowledge base, with its errors, and little code."""
SAME_THING = {
    # A command, its command line, and its part of the library's interface.
    "hooks": {"api", "cli/commands", "commands/share"},
    "sources": {"api", "cli/commands"},
    # The same step for another compiler or another format.
    "compiler": {"compile/extractive", "compile/llm"},
    "markdown": {"convert/html", "convert/pdf", "convert/plaintext"},
    "reader": {"convert/html", "convert/pdf"},
    "tables": {"convert", "convert/pdf"},
}
"""Names that several modules have because they are the same thing in several places; no other name may come twice."""
FORBIDDEN = {
    ("intake/scan.py", "import pygit2"): "gitkb.intake.scan -> pygit2",
    ("llm/client.py", "import openai"): "gitkb.llm.client -> openai",
    ("intake/hashing.py", "import httpcore2"): "gitkb.intake.hashing -> httpcore2",
    ("api/__init__.py", "import typer"): "gitkb.api -> typer",
    ("store/__init__.py", "from gitkb.wiki import hand_edits"): "gitkb.store is not allowed to import gitkb.wiki",
    ("text/markdown/links.py", "from pathlib import Path"): "gitkb.text.markdown.links -> pathlib",
    ("wiki/__init__.py", "import gitkb.catalog.catalog"): "gitkb.wiki is not allowed to import gitkb.catalog",
    ("model/documents.py", "import gitkb.formats.settings"): "gitkb.model is not allowed to import gitkb.formats",
    ("commands/diff/__init__.py", "import gitkb.commands.add"): "gitkb.commands.diff is not allowed to import gitkb.commands.add",
}
"""What a line in a module makes the check say."""


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "gitkb", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_package_keeps_its_borders(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


def test_each_forbidden_import_is_found(copy: Path) -> None:
    for module, line in FORBIDDEN:
        with (copy / "gitkb" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    done = _lint(copy)
    assert done.returncode == 1
    assert [said for said in FORBIDDEN.values() if said not in done.stdout] == [], done.stdout


@pytest.mark.parametrize("package", ["attic", "commands/attic"])
def test_a_package_that_no_layer_names_is_found(copy: Path, package: str) -> None:
    (copy / "gitkb" / package).mkdir()
    (copy / "gitkb" / package / "__init__.py").write_text('"""What nobody has given a place."""\n', encoding="utf-8")
    done = _lint(copy)
    assert done.returncode == 1 and f"- gitkb.{package.replace('/', '.')}\n" in done.stdout, done.stdout


def test_the_library_does_not_read_the_environment(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251,T20", str(PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    """The name and the number of lines of each function of a module, at any depth."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.relative_to(PACKAGE).as_posix()}: {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_no_function_is_longer_than_a_screen() -> None:
    found = {name: lines for module in MODULES for name, lines in _functions(module) if lines > MAX_FUNCTION_LINES}
    assert found == {}


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    lines = {module.relative_to(PACKAGE).as_posix(): module.read_text(encoding="utf-8").count("\n") for module in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGER.get(name, MAX_MODULE_LINES)} == {}


def test_no_folder_holds_more_modules_than_one_remembers() -> None:
    count: defaultdict[Path, int] = defaultdict(int)
    for module in MODULES:
        count[module.parent] += module.name != "__init__.py"
    assert [folder.relative_to(PACKAGE).as_posix() for folder, n in count.items() if n > MAX_MODULES] == []


def test_a_name_means_one_thing() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        if module.name != "__init__.py":
            places[module.stem].add(module.parent.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == SAME_THING


def test_each_package_says_what_lives_there() -> None:
    packages = [module for module in MODULES if module.name == "__init__.py"]
    silent = [file for file in packages if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))]
    assert packages and silent == []
