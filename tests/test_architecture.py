"""ARCHITECTURE.md names only what exists, and leaves no package out."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "gitkb" / "ARCHITECTURE.md"
TEXT = FILE.read_text(encoding="utf-8")


def test_every_path_that_it_names_exists() -> None:
    named = set(re.findall(r"`((?:gitkb|tests|hooks)/[\w./-]*)`", TEXT))
    assert len(named) > 40
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", TEXT):
        assert (FILE.parent / target).exists(), target


def test_every_package_is_in_the_table_of_layers() -> None:
    packages = {path.parent.name for path in (ROOT / "gitkb").glob("*/__init__.py")}
    assert packages == set(re.findall(r"^\| `gitkb/(\w+)/` \|", TEXT, re.MULTILINE))
