"""The borders between the layers hold, and the rule that holds them bites."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "gitkb", tmp_path / "gitkb", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_package_keeps_its_borders(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("intake/scan.py", "import pygit2"),
        ("llm/client.py", "import openai"),
        ("api/__init__.py", "import typer"),
        ("store/__init__.py", "from gitkb.wiki import hand_edits"),
        ("text/markdown/links.py", "from pathlib import Path"),
        ("wiki/__init__.py", "import gitkb.catalog.catalog"),
        ("model/documents.py", "import gitkb.formats.settings"),
    ],
)
def test_a_forbidden_import_is_found(copy: Path, module: str, line: str) -> None:
    file = copy / "gitkb" / module
    file.write_text(file.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = _lint(copy)
    assert done.returncode == 1 and "Broken contracts" in done.stdout, done.stdout


def test_the_library_does_not_read_the_environment(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251,T20", str(ROOT / "gitkb")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
