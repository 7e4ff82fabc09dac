"""The user's settings: where each value comes from, and what is refused before it can do harm."""

import pytest

from gitkb.errors import ConfigError
from gitkb.formats.user_settings import OPENAI, UserSettings, masked, user_keys, user_settings, user_values

KEY = "sk-0123456789abcdefghijWXYZ"
FILE = f"api_key: {KEY}\nbase_url: https://models.example.org/v1/\nllm:\n  concurrency: 4\n  headers: {{X-Title: gitkb}}\n"


def read(text: str = "", **environment: str) -> UserSettings:
    return user_settings(text, "config.yaml", environment)


def test_without_file_and_environment_there_are_defaults_and_no_model_is_reached() -> None:
    found = read()
    assert (found.base_url, found.concurrency, found.api_key) == (OPENAI, 16, "")
    assert not found.reaches_a_model
    assert set(found.origins) == set(user_keys()) and set(found.origins.values()) == {"default"}


def test_the_file_is_read_and_the_environment_wins() -> None:
    found = read(FILE, OPENAI_API_KEY="sk-env")
    assert (found.api_key, found.base_url, found.concurrency) == ("sk-env", "https://models.example.org/v1", 4)
    assert found.headers == {"X-Title": "gitkb"}
    assert found.origins["api_key"] == "environment (OPENAI_API_KEY)"
    assert found.origins["base_url"] == found.origins["llm.concurrency"] == "config.yaml"
    assert found.origins["llm.timeout"] == "default"


def test_an_empty_variable_is_none() -> None:
    found = read(FILE, OPENAI_API_KEY="", OPENAI_BASE_URL="")
    assert found.api_key == KEY and found.base_url == "https://models.example.org/v1"


@pytest.mark.parametrize("environment", [{"OPENAI_API_KEY": "k"}, {"OPENAI_BASE_URL": "http://localhost:11434/v1"}])
def test_a_key_or_another_server_reaches_a_model(environment: dict[str, str]) -> None:
    assert read(**environment).reaches_a_model


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("api-key: x", "unknown setting api-key"),
        ("llm: {parallel: 3}", r"unknown setting llm\.parallel"),
        ("llm: {concurrency: 0}", r"llm\.concurrency must be a positive number"),
        ("llm: {concurrency: many}", r"llm\.concurrency must be of type int"),
        ("llm: 3", "llm must be a mapping"),
        ("llm: {headers: [a]}", r"llm\.headers must be a mapping of names to texts"),
        ("llm: {headers: {'A B': x}}", "'A B' is no header"),
        ('llm: {headers: {A: "x\\ny"}}', "'A' is no header"),
        ("model: gpt", "unknown setting model"),
        ("[1, 2]", "must be a mapping"),
        ("a: [", "not valid YAML"),
        ("base_url: ftp://host/v1", "no http or https address"),
        ("base_url: host/v1", "no http or https address"),
        ("base_url: 'http://[::1/v1'", "no http or https address"),
        ("base_url: https://me:secret@host/v1", "user name or a password"),
        ("api_key: 'a b'", "characters that no key has"),
        ("api_key: 'schlüssel'", "characters that no key has"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(text)


@pytest.mark.parametrize(
    "text", [f"api_key: [{KEY}]", f"api_key: {KEY}: {KEY}", f"base_url: [{KEY}]", f"llm: {{headers: {KEY}}}"]
)
def test_no_error_shows_a_key(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert KEY not in caught.value.message


def test_of_a_key_only_the_end_is_shown() -> None:
    assert masked(KEY) == "sk-...WXYZ"
    assert masked("short-key") == "..." and masked("") == ""
    found = read(f"api_key: {KEY}\nllm: {{headers: {{X-Api-Key: {KEY}, X-Title: gitkb}}}}")
    assert KEY not in repr(found)
    shown = user_values(found)
    assert shown["api_key"] == "sk-...WXYZ" and shown["llm.headers"] == {"X-Api-Key": "sk-...WXYZ", "X-Title": "gitkb"}


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://models.example.org/v1", True),
        ("http://8.8.8.8/v1", True),
        ("https://models.example.org/v1", False),
        ("http://localhost:8000/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://192.168.1.9/v1", False),
        ("http://ollama:11434/v1", False),
        ("http://gpu.lan/v1", False),
    ],
)
def test_a_key_in_the_clear_to_a_far_host_is_warned_of(url: str, warned: bool) -> None:
    assert bool(read(f"api_key: {KEY}\nbase_url: {url}").warning) is warned
    assert not read(f"base_url: {url}").warning
