"""`gitkb config`: what is in force and why, and changing one's own settings safely."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.support.model_server import ModelServer, serving
from tests.support.scripted_model import scripted

KEY = "sk-0123456789abcdefghijWXYZ"
Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own; returns where the user's file is or will be."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    return tmp_path / "home/.config/gitkb/config.yaml"


def write(file: Path, text: str, mode: int = 0o600) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)


def rows(ran: Ran) -> dict[str, tuple[Any, str]]:
    assert ran.code == 0, ran.err
    return {row["name"]: (row["value"], row["origin"]) for row in json.loads(ran.out)}


def test_every_setting_tells_its_value_and_where_it_came_from(
    run: Run, top: Path, home: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked = top / "kb/.gitkb/config.yaml"
    tracked.write_text(tracked.read_text(encoding="utf-8") + "llm:\n  instructions: Be brief.\nmodel: small\n", encoding="utf-8")
    git(top / "kb", "commit", "-qam", "settings")
    write(home, f"api_key: {KEY}\nllm:\n  concurrency: 3\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    found = rows(run("config", "--json", "--kb", top / "kb"))
    assert found["model"] == ("small", ".gitkb/config.yaml")
    assert found["llm.instructions"] == ("Be brief.", ".gitkb/config.yaml")
    assert found["compiler"] == ("extractive", "default")
    assert found["raw.lfs_above"] == (10485760, "default")
    assert found["api_key"] == ("sk-...WXYZ", "~/.config/gitkb/config.yaml")
    assert found["base_url"] == ("http://localhost:11434/v1", "environment (OPENAI_BASE_URL)")
    assert found["llm.concurrency"] == (3, "~/.config/gitkb/config.yaml")
    assert found["llm.timeout"] == (300.0, "default")


def test_the_list_is_a_table_and_shows_no_key(run: Run, kb: Path, home: Path) -> None:
    write(home, f"api_key: {KEY}\n")
    ran = run("config", "--kb", kb)
    assert KEY not in ran.out and "sk-...WXYZ" in ran.out
    line = next(line for line in ran.out.splitlines() if line.startswith("entity_types"))
    assert line.split()[1:3] == ["person,", "organisation,"] and line.endswith("default")


def test_one_setting_is_its_value_alone(run: Run, kb: Path, home: Path) -> None:
    assert run("config", "pages.branch", "--kb", kb).out == "main\n"
    assert json.loads(run("config", "llm.timeout", "--json").out) == {"name": "llm.timeout", "value": 300.0, "origin": "default"}
    assert run("config", "pages.colour", "--kb", kb).code == 2


def test_outside_a_knowledge_base_there_are_the_users_settings(run: Run, home: Path) -> None:
    found = rows(run("config", "--json"))
    assert found["llm.concurrency"] == (16, "default") and "model" not in found


def test_a_knowledge_base_that_is_named_and_not_there_is_an_error(run: Run, home: Path, tmp_path: Path) -> None:
    assert run("config", "--kb", tmp_path / "none").code == 1


def test_an_edit_that_is_not_committed_is_pointed_out(run: Run, top: Path, home: Path) -> None:
    tracked = top / "kb/.gitkb/config.yaml"
    tracked.write_text(tracked.read_text(encoding="utf-8") + "model: other\n", encoding="utf-8")
    ran = run("config", "model", "--kb", top / "kb")
    assert ran.out == "\n" and "not committed" in ran.err


def test_setting_and_unsetting_change_the_users_own_file(run: Run, home: Path) -> None:
    write(home, "# mine\nllm:\n  timeout: 60\n")
    assert run("config", "llm.concurrency", "8").code == 0
    assert run("config", "base_url", "http://localhost:8000/v1").code == 0
    found = rows(run("config", "--json"))
    assert found["llm.concurrency"][0] == 8 and found["base_url"][0] == "http://localhost:8000/v1"
    assert run("config", "--unset", "llm.concurrency").code == 0
    assert rows(run("config", "--json"))["llm.concurrency"] == (16, "default")
    assert home.read_text(encoding="utf-8").startswith("# mine\n")
    assert "is not set" in run("config", "--unset", "llm.concurrency").out


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_the_file_is_made_for_its_owner_alone(run: Run, home: Path) -> None:
    run("config", "llm.concurrency", "8")
    assert stat.S_IMODE(home.stat().st_mode) == 0o600 and list(home.parent.iterdir()) == [home]


def test_a_link_to_a_folder_of_dotfiles_stays_one(run: Run, home: Path, tmp_path: Path) -> None:
    write(tmp_path / "dotfiles/gitkb.yaml", "llm:\n  timeout: 60\n")
    home.parent.mkdir(parents=True)
    home.symlink_to(tmp_path / "dotfiles/gitkb.yaml")
    run("config", "llm.concurrency", "8")
    assert home.is_symlink() and "concurrency: 8" in (tmp_path / "dotfiles/gitkb.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("api_key", KEY), 2, "not taken from the command line"),
        (("llm.headers", "X: y"), 2, "not taken from the command line"),
        (("model", "gpt"), 2, "edit .gitkb/config.yaml and commit it"),
        (("llm.concurrency", "many"), 1, "must be of type int"),
        (("llm.concurrency", "0"), 1, "must be a positive number"),
        (("base_url", "nowhere"), 1, "no http or https address"),
        (("--unset", "model"), 2, "none of your own settings"),
        (("--unset",), 2, "takes one KEY"),
        (("llm.nothing", "1"), 2, "none of your own settings"),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(
    run: Run, home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    write(home, "# mine\n")
    ran = run("config", *arguments)
    assert (ran.code, ran.out) == (code, "") and words in ran.err
    assert home.read_text(encoding="utf-8") == "# mine\n"


def test_a_key_is_read_from_stdin(program: Callable[..., subprocess.CompletedProcess[str]], home: Path) -> None:
    done = program("config", "api_key", stdin=None, input=f"{KEY}\n")
    assert done.returncode == 0 and KEY not in done.stdout + done.stderr
    assert home.read_text(encoding="utf-8") == f"api_key: {KEY}\n"
    assert program("config", "api_key").stdout == "sk-...WXYZ\n", "with nothing on stdin it is shown"


def test_a_key_in_the_environment_is_said_to_win(program: Callable[..., subprocess.CompletedProcess[str]], home: Path) -> None:
    done = program("config", "api_key", stdin=None, input=f"{KEY}\n", env={"OPENAI_API_KEY": "sk-other"})
    assert "OPENAI_API_KEY" in done.stderr and "stays in force" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals there")
def test_a_key_is_asked_for_without_an_echo(home: Path) -> None:
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'gitkb', 'config', 'api_key']) >> 8)"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None and process.stdout is not None
    seen = b""
    while b"leave it as it is" not in seen:
        piece = process.stdout.read(1)
        assert piece, seen
        seen += piece
    process.stdin.write(f"{KEY}\n".encode())
    seen += process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert KEY not in seen.decode() and KEY in home.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (f"api_key: {KEY}\n", 0o644, "others may read it"),
        (f"api_key: {KEY}\n", 0o640, "others may read it"),
        (f"llm: {{headers: {{X-Api-Key: {KEY}}}}}\n", 0o644, "others may read it"),
        ("base_url: http://localhost/v1\n", 0o666, "Others may write"),
        ("base_url: http://localhost/v1\n", 0o644, ""),
        (f"api_key: {KEY}\n", 0o600, ""),
        (f"api_key: {KEY}\n", 0o400, ""),
    ],
)
def test_a_file_whose_key_others_can_read_is_refused(run: Run, home: Path, text: str, mode: int, words: str) -> None:
    write(home, text, mode)
    ran = run("config", "llm.timeout")
    assert ran.code == (1 if words else 0) and words in ran.err
    assert not words or f"chmod 600 {home}" in ran.err
    assert KEY not in ran.err


def test_a_key_in_the_clear_is_warned_of(run: Run, home: Path) -> None:
    write(home, f"api_key: {KEY}\nbase_url: http://models.example.org/v1\n")
    ran = run("config", "llm.timeout")
    assert ran.code == 0 and "unencrypted" in ran.err


def test_without_an_xdg_folder_the_file_is_below_home(
    run: Run, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    write(tmp_path / "home/.config/gitkb/config.yaml", "llm: {concurrency: 5}\n")
    assert run("config", "llm.concurrency").out == "5\n"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, ""),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".example.org"}, ""),
        ({}, ""),
    ],
)
def test_the_environment_chooses_the_proxy(
    environment: dict[str, str], proxy: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitkb.cli.locate import read_user_settings

    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    write(home, "base_url: https://models.example.org/v1\n")
    assert read_user_settings().proxy == proxy


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A model's server, to which the user's settings point."""
    context = {"data": [{"id": "test-model", "max_model_len": 8192}]}
    with serving(scripted, looks={"/v1/models": context}, key="sk-of-a-command") as found:
        monkeypatch.setenv("OPENAI_BASE_URL", found.base_url)
        yield found


def test_a_preset_sets_the_address_and_what_the_server_likes(run: Run, home: Path) -> None:
    ran = run("config", "provider", "ollama")
    assert ran.code == 0, ran.err
    assert home.read_text() == "base_url: http://localhost:11434/v1\nllm:\n  timeout: 900\n  concurrency: 2\n"
    assert "It wants a key" in run("config", "provider", "azure:my-resource").err
    assert "https://my-resource.openai.azure.com/openai/deployments/{model}?api-version=" in home.read_text()
    assert "llamacpp    http://localhost:8080/v1" in run("config", "provider").out
    assert (run("config", "provider", "azure").code, run("config", "provider", "nobody").code) == (2, 2)


@pytest.mark.parametrize(
    "name",
    "ollama lmstudio llamacpp vllm openrouter azure:mine gemini anthropic mistral groq deepseek openai".split(),
)
def test_each_preset_makes_settings_that_hold(run: Run, home: Path, name: str) -> None:
    ran = run("config", "provider", name)
    shown = rows(run("config", "--json"))
    assert ran.code == 0 and shown["base_url"][1] == "~/.config/gitkb/config.yaml"
    assert str(shown["base_url"][0]).startswith("http://localhost:" if "wants a key" not in ran.err else "https://")


def test_a_key_from_a_command_is_used_and_never_shown(run: Run, kb: Path, home: Path, server: ModelServer) -> None:
    write(home, f"llm:\n  api_key_command: {sys.executable} -c 'print(\"sk-of-a-command\")'\n")
    assert rows(run("config", "--json"))["api_key"][0] == ""
    ran = run("query", "What is write-ahead logging?", "--model", "test-model", "--kb", kb)
    assert ran.code == 0 and server.calls > 0, ran.err
    write(home, f"llm:\n  api_key_command: {sys.executable} -c 'exit(3)'\n")
    ran = run("query", "What is write-ahead logging?", "--model", "test-model", "--kb", kb)
    assert ran.code == 1 and "llm.api_key_command printed no key; it ended with 3" in ran.err


def test_a_certificate_of_ones_own_is_trusted_where_the_environment_names_it(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here")
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    (tmp_path / "both.pem").write_bytes(key.read_bytes() + made.read_bytes())
    with serving(scripted, certificate=tmp_path / "both.pem") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        refused = run("config", "test", "test-model")
        assert refused.code == 1 and "certificate is not trusted" in refused.err and server.calls == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        assert run("config", "test", "test-model").code == 0 and server.calls == 2
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
        assert "Correct SSL_CERT_FILE." in run("config", "test", "test-model").err


def test_a_server_is_asked_what_it_can_do(run: Run, home: Path, server: ModelServer) -> None:
    write(home, "api_key: sk-of-a-command\n")
    ran = run("config", "test", "test-model")
    assert ran.code == 0, ran.err
    assert re.sub(r"[\d.]+ s,.*", "1 s", ran.out) == (
        f"test-model at {server.base_url} answers after 1 s\n"
        "streams   yes\nJSON      schemas\ntools     yes\ncontext   8,192 tokens\n"
    )
    assert server.calls == 2 and json.loads(run("config", "test", "test-model", "--json").out)["context"] == 8192
    write(home, "api_key: sk-wrong\n")
    assert "refuses the key: Incorrect API key provided." in run("config", "test", "test-model").err


def test_an_address_keeps_its_query_and_loses_what_is_added_to_it(run: Run, home: Path) -> None:
    write(home, "base_url: https://host/openai/v1/chat/completions/?api-version=1&key=0123456789abcdefghijWXYZ\n")
    shown = rows(run("config", "--json"))["base_url"][0]
    assert shown == "https://host/openai/v1?api-version=1&key=...WXYZ"
