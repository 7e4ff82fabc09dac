"""What of the settings changes a conversion is part of what it is remembered by; what only limits it is not."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gitkb.compile.fingerprint import making
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings, ConvertSettings, Settings
from gitkb.intake.prepare.document import Job, Workshop, prepare
from gitkb.model.documents import SourceFile


@dataclass(frozen=True, slots=True)
class Choosing(ConversionSettings):
    """Settings of readers of which one changes what they make."""

    script: str = ""


def prepared(folder: Path, settings: ConversionSettings) -> int:
    """Prepares one document; how many entries the cache has then."""
    source = folder / "a.md"
    source.write_text("# Logs\n\nA log is a file of what happened.\n", encoding="utf-8")
    sha = hashlib.sha256(source.read_bytes()).hexdigest()
    prepare(
        Job(SourceFile("a.md", source, "", folder), "a", sha), Workshop(folder / "scratch", folder / "cache", "", settings, {})
    )
    return sum(1 for file in (folder / "cache").rglob("*") if file.is_file())


def test_a_choice_is_remembered_apart_and_a_limit_is_not(tmp_path: Path) -> None:
    counts = [
        prepared(tmp_path, settings)
        for settings in (
            ConversionSettings(),
            ConversionSettings(max_bytes=10**6),
            Choosing(),
            Choosing(script="latin"),
            Choosing(script="greek"),
            Choosing(script="latin", max_bytes=10**6),
        )
    ]
    a_conversion_and_a_digest = 2
    assert counts == [made * a_conversion_and_a_digest for made in (1, 1, 1, 2, 3, 3)]


def test_defaults_and_limits_leave_no_trace() -> None:
    assert ConversionSettings().choices == ConversionSettings(max_bytes=1).choices == Choosing(max_bytes=1).choices == {}
    assert Choosing(script="latin").choices == {"convert.script": "latin"}
    assert Settings().conversion == ConversionSettings()


def test_limits_leave_no_trace_in_records() -> None:
    limited = replace(Settings(), convert=ConvertSettings(timeout=1.0, memory=1, max_bytes=1))
    assert making(limited) == making(Settings())
    assert making(Settings()).settings == ""


def test_the_limit_reaches_the_readers(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"convert\.max_bytes|the limit is"):
        prepared(tmp_path, ConversionSettings(max_bytes=10))
