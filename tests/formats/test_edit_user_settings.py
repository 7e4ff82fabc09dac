"""One setting is changed in a person's file; everything else in it stays."""

import pytest
import yaml

from gitkb.errors import ConfigError
from gitkb.formats.user_settings import with_setting, without_setting

TEXT = """\
# my settings
base_url: https://models.example.org/v1  # ours

llm:
  # the server is small
  concurrency: 4
  timeout: 60.0
"""


def test_a_value_is_replaced_where_it_stands() -> None:
    assert with_setting(TEXT, "llm.concurrency", 8, "f") == TEXT.replace("concurrency: 4", "concurrency: 8")
    changed = with_setting(TEXT, "base_url", "http://localhost/v1", "f")
    assert changed == TEXT.replace("https://models.example.org/v1", "http://localhost/v1")


def test_a_new_setting_joins_its_section() -> None:
    changed = with_setting(TEXT, "llm.context_tokens", 9, "f")
    assert yaml.safe_load(changed)["llm"] == {"concurrency": 4, "timeout": 60.0, "context_tokens": 9}
    assert [line for line in changed.splitlines() if "context_tokens" not in line] == TEXT.splitlines()


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "base_url: http://h/v1", "llm:\n", "llm: {}\n", "{}\n", "llm: {timeout: 3}\n"]
)
def test_a_section_is_made_where_there_is_none(text: str) -> None:
    before = yaml.safe_load(text) or {}
    after = yaml.safe_load(with_setting(text, "llm.concurrency", 8, "f"))
    assert after == before | {"llm": (before.get("llm") or {}) | {"concurrency": 8}}


@pytest.mark.parametrize("value", ["sk-1: 2", "'", "# x", "yes", "12", "日本", "a" * 300])
def test_any_text_is_written_so_that_it_is_read_as_the_same(value: str) -> None:
    for text in ("", TEXT, "{base_url: x}\n"):
        assert yaml.safe_load(with_setting(text, "api_key", value, "f"))["api_key"] == value


def test_a_setting_goes_with_its_line_and_an_empty_section_too() -> None:
    assert without_setting(TEXT, "llm.timeout", "f") == TEXT.replace("  timeout: 60.0\n", "")
    assert without_setting(TEXT, "base_url", "f") == TEXT.replace("base_url: https://models.example.org/v1  # ours\n", "")
    assert without_setting(TEXT, "api_key", "f") == TEXT
    assert yaml.safe_load(without_setting("llm:\n  timeout: 3\nbase_url: x\n", "llm.timeout", "f")) == {"base_url": "x"}
    assert without_setting("llm:\n  timeout: 3", "llm.timeout", "f") == ""


def test_what_cannot_be_changed_line_by_line_is_left_to_its_author() -> None:
    with pytest.raises(ConfigError, match="cannot be changed line by line"):
        without_setting("{base_url: x, api_key: y}\n", "api_key", "f")
