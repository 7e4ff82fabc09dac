"""The servers that people have, by name: their addresses and how they like to be asked.

Invariant: plain data. A preset sets settings of the person's own and nothing else; the rest is found out when the server is
asked.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from gitkb.errors import UsageError

_RESOURCE = "RESOURCE"
Setting = str | int | float


class Provider(Struct, frozen=True):
    """`settings` by name, as they are written into the person's file; `needs_key`: without a key it answers nothing."""

    base_url: str
    needs_key: bool = True
    settings: Mapping[str, Setting] = field(default_factory=dict)


_OWN_MACHINE: Mapping[str, Setting] = {"llm.concurrency": 2, "llm.timeout": 900}
PROVIDERS = {
    "openai": Provider("https://api.openai.com/v1"),
    "ollama": Provider("http://localhost:11434/v1", False, _OWN_MACHINE),
    "lmstudio": Provider("http://localhost:1234/v1", False, _OWN_MACHINE),
    "llamacpp": Provider("http://localhost:8080/v1", False, _OWN_MACHINE),
    "vllm": Provider("http://localhost:8000/v1", False, {"llm.concurrency": 16}),
    "openrouter": Provider("https://openrouter.ai/api/v1"),
    "azure": Provider(
        f"https://{_RESOURCE}.openai.azure.com/openai/deployments/{{model}}?api-version=2024-10-21", True, {"llm.concurrency": 8}
    ),
    "gemini": Provider("https://generativelanguage.googleapis.com/v1beta/openai", True, {"llm.concurrency": 8}),
    "anthropic": Provider("https://api.anthropic.com/v1", True, {"llm.concurrency": 8}),
    "mistral": Provider("https://api.mistral.ai/v1", True, {"llm.concurrency": 4}),
    "groq": Provider("https://api.groq.com/openai/v1", True, {"llm.concurrency": 4}),
    "deepseek": Provider("https://api.deepseek.com/v1"),
}


def provider_named(name: str) -> Provider:
    """The provider of a name; Azure's has the name of a resource after a colon: `azure:my-resource`."""
    kind, _, resource = name.partition(":")
    if kind not in PROVIDERS or (resource and kind != "azure"):
        raise UsageError(f"There is no preset {name}.", f"There are: {', '.join(PROVIDERS)}.")
    found = PROVIDERS[kind]
    if kind != "azure":
        return found
    if not resource.replace("-", "").isalnum() or not resource.isascii():
        raise UsageError("Azure's address holds the name of your resource.", "gitkb config provider azure:RESOURCE")
    return Provider(found.base_url.replace(_RESOURCE, resource), found.needs_key, found.settings)
