"""What a failed request means: whether it is tried again, fails alone or ends the run, in words that a person understands.

Pure: everything is decided from the failure alone and from whether the server has answered before. `Again` is the only
verdict that is no error.
"""

import re
from dataclasses import dataclass

from gitkb.compile.client.wire import Broken, NoModelServer, Refused, Unreachable
from gitkb.errors import GitkbError, ModelError, ModelFailure

_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long|context_length", re.IGNORECASE
)
_FILTERED = re.compile(r"content.?(filter|policy|management)|moderation|flagged|safety", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model.{0,80}(not found|not exist|unknown|not available|not supported)|(unknown|invalid|no such) model", re.IGNORECASE
)
_TOO_MANY_OUT = re.compile(r"max_(completion_)?tokens.*(too large|at most|maximum|exceed|less than)", re.IGNORECASE)
# Some servers answer 400 to a wrong key: Gemini, and LiteLLM, which looks unknown keys up in a database that it may lack.
_KEY = re.compile(
    r"api[ _-]?key.{0,40}(not valid|invalid|incorrect|expired|missing|required)"
    r"|(invalid|incorrect|expired|missing).{0,20}api[ _-]?key|no connected db",
    re.IGNORECASE,
)
_TEMPORARY = {408, 409, 425, 429, 529}
_LONGEST_WAIT = 300.0
_WHERE = "base_url in your settings or OPENAI_BASE_URL"


@dataclass(frozen=True, slots=True)
class Again:
    """Try it again, after `wait` seconds where the server said so. `crowded`: it was asked too much at once."""

    reason: str
    wait: float | None = None
    crowded: bool = False


class Unclear(ModelFailure):
    """A refusal of unknown meaning: it may concern this request or all of them."""


def verdict(failure: Exception, *, where: str, model: str, has_key: bool, proven: bool) -> Again | GitkbError:
    """What to do after a failure. `where` is the server's address, `proven` says that it has answered before."""
    if isinstance(failure, Refused):
        return _refused(failure, where, model, has_key)
    if isinstance(failure, Broken):
        return Again(str(failure))
    if proven:
        return Again(str(failure))
    if isinstance(failure, Unreachable):
        return ModelError(f"The model's server {where} cannot be reached: {failure}.", failure.remedy)
    if isinstance(failure, NoModelServer):
        return ModelError(f"{where} answers with {failure}: it is no address of a model's API.", _address(where))
    raise failure


def _refused(refused: Refused, where: str, model: str, has_key: bool) -> Again | GitkbError:
    status, said = refused.status, refused.message
    if status == 402 or refused.code == "insufficient_quota":
        return ModelError(f"The account at {where} has no credit left: {said}", "Look at its billing, then run it again.")
    if status in _TEMPORARY or (status >= 500 and status != 501):
        return _temporary(refused, where)
    if _FILTERED.search(f"{refused.code} {said}"):
        return ModelFailure(f"the model's server refuses the content: {said}.")
    if status in (401, 403) or (status == 400 and _KEY.search(said)):
        return ModelError(f"{where} refuses the key: {said}" if has_key else f"{where} wants a key: {said}", _key_remedy(has_key))
    if _CONTEXT.search(f"{refused.code} {said}"):
        return ModelFailure(f"it is too long for the model: {said}.", "Lower llm.context_tokens in your settings.")
    if _TOO_MANY_OUT.search(said):
        return ModelError(
            f"The model {model} gives no replies that long: {said}", "Lower llm.max_output_tokens in your settings."
        )
    if status == 413:
        return ModelFailure(f"it is too long for the model's server: {said}.", "Lower llm.context_tokens in your settings.")
    if refused.code == "model_not_found" or _NO_MODEL.search(said):
        return ModelError(f"{where} has no model {model}: {said}", "Correct `model` in .gitkb/config.yaml, or give --model.")
    if status in (404, 405, 410, 501) or 300 <= status < 400:
        return ModelError(f"{where} is no address of a model's API: it answers {refused}.", _address(where))
    return Unclear(f"the model's server refuses the request: {said or status}.")


def _temporary(refused: Refused, where: str) -> Again | GitkbError:
    if refused.wait is not None and refused.wait > _LONGEST_WAIT:
        return ModelError(
            f"{where} takes no requests for {refused.wait / 60:.0f} minutes: {refused.message}",
            "Run it again then; what was answered is not asked again.",
        )
    return Again(f"the server answers {refused}", refused.wait, crowded=refused.status in (429, 503, 529))


def _address(where: str) -> str:
    if where.rstrip("/").endswith("/v1"):
        return f"Correct {_WHERE}."
    return f"Correct {_WHERE}; most servers want an address that ends in /v1."


def _key_remedy(has_key: bool) -> str:
    return (
        "Set OPENAI_API_KEY, or run: gitkb config api_key"
        if not has_key
        else "Correct OPENAI_API_KEY, or run: gitkb config api_key"
    )
