"""What is installed is all of it: the program, its guide, the hooks and the example of all settings."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from gitkb import __version__

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = "Scripts" if os.name == "nt" else "bin"
SHIPPED = ("gitkb", "hooks", "pyproject.toml", "README.md", "LICENSE", "config.example.yaml")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but gitkb's wheel in it; building and installing ask no registry."""
    top = tmp_path_factory.mktemp("wheel")
    (top / "project").mkdir()
    for name in SHIPPED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, top / "project" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--no-build-isolation", "-w", top, top / "project"], check=True)
    venv.create(top / "venv", symlinks=os.name == "posix")
    wheel = next(top.glob("*.whl"))
    python = top / "venv" / PROGRAMS / "python"
    subprocess.run([*pip, "--python", python, "install", *offline, wheel], check=True)
    return top / "venv"


def test_the_program_answers_from_an_environment_of_its_own(installed: Path) -> None:
    program = installed / PROGRAMS / "gitkb"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([program, "--version"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"gitkb {__version__}\n"


def test_the_guide_is_installed_with_its_pictures(installed: Path) -> None:
    guide = next(installed.rglob("gitkb/__init__.py")).parent / "guide"
    for file in (file for file in (ROOT / "gitkb" / "guide").rglob("*") if file.is_file()):
        assert (guide / file.relative_to(ROOT / "gitkb" / "guide")).read_bytes() == file.read_bytes()


def test_hooks_settings_and_licence_are_installed(installed: Path) -> None:
    package = next(installed.rglob("gitkb/__init__.py")).parent
    for hook in (file for file in (ROOT / "hooks").rglob("*") if file.is_file() and "__pycache__" not in file.parts):
        copy = package / hook.relative_to(ROOT)
        assert copy.read_bytes() == hook.read_bytes()
        assert os.access(copy, os.X_OK) or hook.parent.name == "ci" or hook.suffix == ".yaml"
    assert (package / "config.example.yaml").read_bytes() == (ROOT / "config.example.yaml").read_bytes()
    assert (package / "cli" / "commands" / "add.py").is_file()
    licences = [file.read_bytes() for file in package.parent.glob("gitkb-*.dist-info/**/LICENSE")]
    assert licences == [(ROOT / "LICENSE").read_bytes()]
