"""What a model was asked, in one line for people and as an object for programs."""

from gitkb.cli import terminal
from gitkb.model import Usage


def spent(usage: Usage, ungrounded: int = 0) -> str:
    """`Model: 24 calls (3 more from the cache), 52,100 tokens in, 6,400 out.`; empty where nothing was asked."""
    if usage == Usage():
        return ""
    cached = f" ({usage.cached:,} more from the cache)" if usage.cached else ""
    line = f"Model: {terminal.counted(usage.calls, 'call')}{cached}, {usage.tokens_in:,} tokens in, {usage.tokens_out:,} out."
    if ungrounded:
        line += f" Left out {terminal.counted(ungrounded, 'claim')} of the model that the text does not support."
    return line


def spending(usage: Usage, ungrounded: int = 0) -> dict[str, int]:
    """The same for `--json`."""
    return {
        "calls": usage.calls,
        "cached": usage.cached,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "ungrounded": ungrounded,
    }
