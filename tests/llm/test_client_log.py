"""What a maintainer reads in the log of a server in trouble; never a key."""

import logging

import pytest

from tests.support.model_client import GOOD, asking, question
from tests.support.model_server import Fault

KEY = "sk-0123456789-secret"


def test_a_retried_reply_is_logged_with_its_reason_and_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [Fault(429, f"too many requests of {KEY}", headers={"Retry-After": "0"}), "no JSON"]
    endpoint = {"api_key": KEY, "headers": {"X-Team-Token": "another secret"}}
    with asking(lambda asked: faults[asked.number - 1] if asked.number <= 2 else GOOD, endpoint=endpoint) as (client, _):
        client.ask([question()])
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gitkb."))
    assert "attempt 1 at" in ours and "429 too many requests of ***" in ours
    assert "at most 2 requests at once from now on" in ours
    assert "cannot be used" in ours
    assert KEY not in ours and "another secret" not in ours
