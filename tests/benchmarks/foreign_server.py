"""Asks a model's server that is not ours: LiteLLM's proxy, with canned replies and as a gateway to the scripted model.

    python -m tests.benchmarks.foreign_server --litellm PATH/TO/litellm

LiteLLM (`pip install 'litellm[proxy]'`) belongs into an environment of its own; its program is named by `--litellm`. The proxy
listens on loopback and reaches nothing else. Each line says what was tried and what came back; the exit code is 1 when something
is not as it should be. `--add` also adds the documents of `tests/data/documents` through it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitkb.errors import ModelError
from gitkb.llm.client import Client
from gitkb.llm.requests import Tool, Turn
from gitkb.llm.wire import Endpoint
from tests.support.model_client import GOOD, Kept, question
from tests.support.model_server import Asked, ModelServer, serving
from tests.support.scripted_model import scripted

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "sk-right"
STARTING_SECONDS = 120
SEARCH = Tool("search", "Search the pages.", '{"type": "object", "properties": {"query": {"type": "string"}}}')
ASK = (Turn("user", "What is durability?"),)


def configuration(upstream: str) -> str:
    """Two models: one whose replies the proxy makes itself, one that it fetches from our server."""
    canned = {"model": "openai/any", "api_key": "none", "mock_response": json.dumps(GOOD)}
    through = {"model": "openai/small", "api_key": "sk-upstream", "api_base": upstream}
    models = [{"model_name": "canned", "litellm_params": canned}, {"model_name": "through", "litellm_params": through}]
    return json.dumps({"model_list": models, "general_settings": {"master_key": KEY}})


@contextmanager
def proxy(program: str, upstream: str) -> Iterator[str]:
    """Runs the proxy; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.yaml")
        file.write_text(configuration(upstream), encoding="utf-8")
        command = [program, "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _await(f"http://127.0.0.1:{port}/health/liveliness", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            if process.poll() is not None:
                print(f"the proxy ended by itself with {process.returncode}:\n{Path(folder, 'log').read_text()[-2000:]}")
            process.terminate()
            process.wait()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the proxy did not start")


def client(address: str, key: str = KEY) -> Client:
    return Client(Endpoint(address, key, timeout=60), Kept())


def canned(address: str) -> str:
    with client(address) as asking:
        replies = asking.ask([question(f"q{n}", model="canned") for n in range(32)])
        usage = asking.usage
    assert all(json.loads(reply.text) == GOOD for reply in replies)
    return f"{usage.calls} calls, {usage.tokens_in} tokens in, {usage.tokens_out} out"


def streamed(address: str) -> str:
    pieces: list[str] = []
    with client(address) as asking:
        turn = asking.converse("canned", ASK, (), pieces.append, 300)
    assert json.loads(turn.text) == GOOD
    return f"{len(pieces)} pieces"


def wrong_key(address: str) -> str:
    return _stops(address, "canned", "sk-wrong")


def unknown_model(address: str) -> str:
    return _stops(address, "nothing", KEY)


def wrong_path(address: str) -> str:
    return _stops(address.replace("/v1", "/wrong"), "canned", KEY)


def _stops(address: str, model: str, key: str) -> str:
    with client(address, key) as asking:
        try:
            asking.ask([question(f"q{n}", model=model) for n in range(9)])
        except ModelError as error:
            return f"{error.message} {error.hint}"
    raise AssertionError("it did not stop")


def through(address: str, server: ModelServer) -> str:
    """Schema, limit and messages reach the server behind the proxy, and its answers come back."""
    before = server.calls
    with client(address) as asking:
        text = "Durability lasts after the commit of change {}."
        replies = asking.ask([question(text.format(n), model="through", purpose="question") for n in range(16)])
    formats = {Asked(seen.body, 0, 0, {}).format for seen in server.seen[before:]}
    return f"{len(replies)} replies, {server.calls - before} calls upstream, format {', '.join(sorted(formats))}"


def tools(address: str) -> str:
    with client(address) as asking:
        turn = asking.converse("through", ASK, (SEARCH,), lambda text: None, 300)
        assert [call.name for call in turn.calls] == ["search"], turn
        found = Turn("tool", "Durability is the promise that a committed change survives a failure.", call_id=turn.calls[0].id)
        last = asking.converse("through", (*ASK, turn, found), (SEARCH,), lambda text: None, 300)
    assert "promise" in last.text, last
    return f"called {turn.calls[0].name}({turn.calls[0].arguments}), then: {last.text}"


def added(address: str, server: ModelServer) -> str:
    """`gitkb add` through the proxy."""
    before = server.calls
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": address, "PYTHONPATH": str(ROOT), "HOME": folder}
        program = [sys.executable, "-m", "gitkb"]
        for words in (["init", "kb"], ["add", str(ROOT / "tests/data/documents"), "--kb", "kb", "--model", "through"]):
            done = subprocess.run([*program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode in (0, 3), done.stderr
    last = (done.stdout + done.stderr).strip().splitlines()
    calls = f"{server.calls - before} calls upstream, {len(server.repeated)} bodies sent again"
    return f"exit {done.returncode}, {calls}; {' | '.join(last[-4:])}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", required=True, help="the program of LiteLLM, in its own environment")
    parser.add_argument("--add", action="store_true", help="also add documents through it")
    chosen = parser.parse_args()
    failed = 0
    with serving(scripted, models=()) as server, proxy(str(Path(chosen.litellm).absolute()), server.base_url) as address:
        tries: dict[str, Callable[[], str]] = {
            each.__name__: lambda each=each: each(address)  # type: ignore[misc]
            for each in (canned, streamed, wrong_key, unknown_model, wrong_path, tools)
        }
        tries["through"] = lambda: through(address, server)
        if chosen.add:
            tries["add"] = lambda: added(address, server)
        for name, attempt in tries.items():
            try:
                print(f"{name:14} {attempt()}", flush=True)
            except Exception as error:  # each try is reported
                failed += 1
                print(f"{name:14} FAILED {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
