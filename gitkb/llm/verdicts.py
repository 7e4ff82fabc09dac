"""What a failed request means: to be tried again, a failure of this request alone, or the end of the run with a remedy.

Invariant: decided from the failure alone and from whether the server has answered before. A refused content is a failure of its
document, in the server's own word; a refused key, a missing model and an account without credit concern all requests.
"""

import re

from msgspec import Struct

from gitkb.errors import GitkbError, ModelError, ModelFailure, TooLong
from gitkb.llm.dialects import TOO_MANY_OUT
from gitkb.llm.wire import Broken, Endless, NoModelServer, Refused, Silent, Unreachable

_CONTEXT = re.compile(
    r"context.?(length|window|size)|maximum context|too many (input )?tokens|prompt is too long|context_length", re.IGNORECASE
)
_FILTERED = re.compile(r"content.?(filter|policy|management)|moderation|flagged|safety", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model.{0,80}(not found|not exist|unknown|not available|not supported)|(unknown|invalid|no such) model", re.IGNORECASE
)
_NUMBER = re.compile(r"\b(\d{1,3}(?:,\d{3})+|\d{3,8})\b")
_NO_CREDIT = re.compile(
    r"credit balance is too low|insufficient (?:balance|credits?|funds)|out of credits|no credits? (?:left|remaining)"
    r"|billing_hard_limit",
    re.IGNORECASE,
)
_ASK_AGAIN = re.compile(r"json_validate_failed|tool_use_failed|failed to (?:generate|validate) json", re.IGNORECASE)
# Some servers answer 400 to a wrong key: Gemini, and LiteLLM, which looks unknown keys up in a database that it may lack.
_KEY = re.compile(
    r"api[ _-]?key.{0,40}(not valid|invalid|incorrect|expired|missing|required)"
    r"|(invalid|incorrect|expired|missing).{0,20}api[ _-]?key|no connected db",
    re.IGNORECASE,
)
_TEMPORARY = {408, 409, 425, 429, 529}
_LONGEST_WAIT = 300.0
_LONGEST_BRIEF = 160
_WHERE = "base_url in your settings or OPENAI_BASE_URL"


class Again(Struct, frozen=True):
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
    if isinstance(failure, Endless):
        return ModelFailure(f"the model's server sends {failure}, which is not read to its end.")
    if isinstance(failure, Broken):
        return Again(str(failure), crowded=isinstance(failure, Silent))
    if proven:
        return Again(str(failure))
    if isinstance(failure, Unreachable):
        return ModelError(f"The model's server {where} cannot be reached: {failure}.", failure.remedy)
    if isinstance(failure, NoModelServer):
        return ModelError(f"{where} answers with {failure}: it is no address of a model's API.", _address(where))
    raise failure


def _refused(refused: Refused, where: str, model: str, has_key: bool) -> Again | GitkbError:
    found = _of_moment(refused, where)
    return _of_request(refused, where, model, has_key) if found is None else found


def _of_moment(refused: Refused, where: str) -> Again | GitkbError | None:
    """What says nothing against the request itself."""
    status, said = refused.status, refused.message
    if status == 402 or (refused.code == "insufficient_quota" and refused.wait is None) or _NO_CREDIT.search(said):
        return ModelError(f"The account at {where} has no credit left: {said}", "Look at its billing, then run it again.")
    if _ASK_AGAIN.search(f"{refused.code} {said}"):
        return Again(f"the model gave nothing that its server takes ({refused.code or said})")
    if status in _TEMPORARY or (status >= 500 and status != 501):
        return _temporary(refused, where)
    return None


def _of_request(refused: Refused, where: str, model: str, has_key: bool) -> GitkbError:
    status, said = refused.status, refused.message
    if _FILTERED.search(f"{refused.code} {said}"):
        return ModelFailure(f"the model's server refuses the content: {said.rstrip('.')}.")
    if status in (401, 403) or (status == 400 and _KEY.search(said)):
        why = f": {brief}" if (brief := _brief(said)) else "."
        return ModelError(f"{where} {'refuses the' if has_key else 'wants a'} key{why}", _key_remedy(has_key))
    if _CONTEXT.search(f"{refused.code} {said}"):
        return TooLong(f"it is too long for the model: {said}.", "Lower llm.context_tokens in your settings.", _limit_in(said))
    if TOO_MANY_OUT.search(said):
        return ModelError(
            f"The model {model} gives no replies that long: {said}", "Lower llm.max_output_tokens in your settings."
        )
    if status == 413:
        return TooLong(f"it is too long for the model's server: {said}.", "Lower llm.context_tokens in your settings.")
    if refused.code == "model_not_found" or _NO_MODEL.search(said):
        return ModelError(f"{where} has no model {model}: {said}", "Correct `model` in .gitkb/config.yaml, or give --model.")
    if status in (404, 405, 410, 501) or 300 <= status < 400:
        return ModelError(f"{where} is no address of a model's API: it answers {refused}.", _address(where))
    return Unclear(f"the model's server refuses the request: {said or status}.")


def _brief(said: str) -> str:
    """The first sentence of what a server says, without the JSON around it."""
    inner = re.search(r"[\"']message[\"']\s*:\s*[\"']([^\"']+)", said)
    text = inner[1] if inner else said
    if text.lstrip().startswith(("{", "[", "<")):
        return ""
    first = re.split(r"(?<=[.!?])\s|\s*[{\[]|\\n", text, maxsplit=1)[0]
    return first if len(first) <= _LONGEST_BRIEF else f"{first[:_LONGEST_BRIEF]}..."


def _limit_in(said: str) -> int:
    """The limit that a refusal names, 0 where it names none: the smallest number of tokens in it."""
    return min((number for found in _NUMBER.findall(said) if (number := int(found.replace(",", ""))) >= 512), default=0)


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
