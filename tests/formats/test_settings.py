"""The example of all settings says what is true."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import yaml

from gitkb.errors import ConfigError
from gitkb.formats.settings import Settings, parse_settings
from tests.support.isolation import ROOT

EXAMPLE = ROOT / "config.example.yaml"


def _keys(settings: Any, prefix: str = "") -> set[str]:
    keys = set()
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.metadata.get("file"):
            continue  # it stands in a file of its own
        keys |= _keys(value, f"{prefix}{each.name}.") if is_dataclass(value) else {f"{prefix}{each.name}"}
    return keys


def _written(data: dict[str, Any], prefix: str = "") -> set[str]:
    keys = set()
    for key, value in data.items():
        keys |= _written(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}"}
    return keys


def test_the_example_holds_every_default() -> None:
    assert parse_settings(EXAMPLE.read_text(encoding="utf-8")) == Settings()


def test_the_example_lists_every_key_on_a_line_with_a_comment() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert _written(yaml.safe_load(text)) == _keys(Settings())
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if value.strip() and not name.startswith("#"):
            assert " # " in value, line


def test_a_value_that_is_not_among_the_choices_names_them() -> None:
    with pytest.raises(ConfigError, match=r"raw\.storage must be git or lfs"):
        parse_settings("raw:\n  storage: s3\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entity_types: [person, ' ']", r"entity_types must be a list of words, not \['person', ' '\]\."),
        ("entity_types: !!set {person, place}", "entity_types must be a list of words"),
        ("convert: {memory: true}", r"convert\.memory must be of type int, not True\."),
        ("convert: {timeout: .nan}", r"convert\.timeout must be a positive number below 1e\+06"),
        ('pages: {branch: "main\\n"}', r"pages\.branch must be the name of a branch, or \* for all"),
        ("language: !!binary aGk=", "language must be of type str"),
    ],
)
def test_what_a_setting_must_be_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_settings(text)
    assert caught.value.hint == "config.example.yaml lists every setting."
