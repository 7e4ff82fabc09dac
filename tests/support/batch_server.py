"""The batches of a scripted model's server: files, batches and their answers, in the shapes of OpenAI's protocol.

    with serving(writing, batches=Batches()) as server: ...

A batch is done when it is looked at for the `looks`-th time. `outcome` decides what becomes of a question of it, by its number
among all (from 0): "answered", "error" (a status of its own), "expired", or a text that is sent as the model's answer. `ends` are
the statuses with which the batches end, one after another, the last one for all others. `answered` counts how often each question
was answered, so paid.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Answering = Callable[[Json, int], Json]
"""The chat completion for a body, the n-th that is asked."""


@dataclass
class Batches:
    looks: int = 1
    ends: tuple[str, ...] = ("completed",)
    outcome: Callable[[int], str] = lambda number: "answered"
    besides: tuple[str, ...] = ()
    """Lines that stand in files of answers and belong to no question of the batch."""
    on_begin: Callable[[], None] = lambda: None
    files: dict[str, str] = field(default_factory=dict)
    batches: dict[str, Json] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    deleted: list[str] = field(default_factory=list)
    _looked: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def serve(self, method: str, path: str, content: bytes, answering: Answering) -> tuple[int, str] | None:
        """(status, body) for a path of files or batches; None for another."""
        with self._lock:
            _, _, rest = path.partition("?")[0].partition("/v1/")
            first, *others = rest.split("/")
            if first == "files":
                return self._file(method, others, content)
            return self._batch(method, others, content, answering) if first == "batches" else None

    def _file(self, method: str, others: list[str], content: bytes) -> tuple[int, str]:
        if method == "POST":
            assert b'name="purpose"' in content and b"\r\n\r\nbatch\r\n" in content
            lines = [line for line in content.decode("utf-8").splitlines() if line.startswith('{"custom_id"')]
            return 200, json.dumps(self._keep("\n".join(lines)))
        name = others[0]
        if name not in self.files:
            return 404, json.dumps({"error": {"message": f"No such File object: {name}"}})
        if method == "DELETE":
            self.deleted.append(name)
            del self.files[name]
            return 200, json.dumps({"id": name, "object": "file", "deleted": True})
        return 200, self.files[name]

    def _keep(self, text: str) -> Json:
        name = f"file-{len(self.files) + len(self.deleted) + 1}"
        self.files[name] = text
        return {"id": name, "object": "file", "bytes": len(text), "purpose": "batch"}

    def _batch(self, method: str, others: list[str], content: bytes, answering: Answering) -> tuple[int, str]:
        if method == "POST" and not others:
            asked = json.loads(content)
            assert asked["endpoint"] == "/v1/chat/completions" and asked["completion_window"] == "24h"
            name = f"batch_{len(self.batches) + 1}"
            self.batches[name] = asked | {"id": name, "object": "batch", "status": "validating", "output_file_id": None}
            self.on_begin()
            return 200, json.dumps(self.batches[name])
        if method == "GET" and not others:
            return 200, json.dumps({"object": "list", "data": list(self.batches.values())[::-1], "has_more": False})
        batch = self.batches.get(others[0])
        if batch is None:
            return 404, json.dumps({"error": {"message": f"No batch found with id '{others[0]}'."}})
        if method == "POST":  # .../cancel
            self._end(batch, "cancelled", answering)
        elif batch["status"] in ("validating", "in_progress"):
            self._look(batch, answering)
        return 200, json.dumps(batch)

    def _look(self, batch: Json, answering: Answering) -> None:
        self._looked[batch["id"]] += 1
        if self._looked[batch["id"]] >= self.looks:
            at = int(re.sub(r"\D", "", batch["id"])) - 1
            self._end(batch, self.ends[min(at, len(self.ends) - 1)], answering)
        else:
            questions = self.files[batch["input_file_id"]].splitlines()
            counts = {"total": len(questions), "completed": self._looked[batch["id"]], "failed": 0}
            batch |= {"status": "in_progress", "request_counts": counts}

    def _end(self, batch: Json, status: str, answering: Answering) -> None:
        batch["status"] = status
        if status == "failed":
            batch["errors"] = {"data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}]}
            return
        done, failed = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            asked = json.loads(line)
            assert asked["method"] == "POST" and asked["url"] == "/v1/chat/completions" and len(asked["custom_id"]) <= 64
            outcome = self.outcome(self._number)
            self._number += 1
            told = {"id": f"req_{self._number}", "custom_id": asked["custom_id"], "response": None, "error": None}
            if outcome == "expired":
                failed.append(told | {"error": {"code": "batch_expired", "message": "It could not be executed in time."}})
            elif outcome == "error":
                body = {"error": {"message": "The server had an error."}}
                failed.append(told | {"response": {"status_code": 500, "body": body}})
            else:
                self.answered[asked["custom_id"]] += 1
                body = answering(asked["body"], self._number)
                if outcome != "answered":
                    body["choices"][0]["message"]["content"] = outcome
                done.append(told | {"response": {"status_code": 200, "request_id": f"req_{self._number}", "body": body}})
        if done:
            batch["output_file_id"] = self._keep("\n".join((*self.besides, *map(json.dumps, done))))["id"]
        if failed:
            batch["error_file_id"] = self._keep("\n".join(map(json.dumps, failed)))["id"]
