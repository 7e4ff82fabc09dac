"""YAML that somebody else wrote, as plain data: front matter of pages and tracked settings.

Invariant: text, numbers, booleans, lists and mappings come out, or a `ValueError` that says in one line what is wrong. Nothing is
built by a tag; aliases are refused, for they can stand for more than the memory holds; size and depth are bounded. Dates stay
text: a page is not to change because a reader turned a date into something else.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
_SHOWN = 300


def load(text: str) -> Any:
    """The data in a YAML text; None where it is empty. `ValueError` where it is not plain, too large or too deep."""
    import yaml

    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    loader = _loader()
    try:
        _check_events(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError) as error:
        raise ValueError(" ".join(str(error).split())[:_SHOWN]) from error


def _check_events(events: "Iterable[yaml.Event]") -> None:
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it uses YAML aliases (*name), which gitkb does not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


_loaders: list[type[Any]] = []


def _loader() -> type[Any]:
    """The safe loader without the resolver that turns dates into date objects; made once, when first needed."""
    if not _loaders:
        import yaml

        base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        stamp = "tag:yaml.org,2002:timestamp"
        resolvers = {
            first: [(tag, pattern) for tag, pattern in known if tag != stamp]
            for first, known in base.yaml_implicit_resolvers.items()
        }
        _loaders.append(type("_DatesAsText", (base,), {"yaml_implicit_resolvers": resolvers}))
    return _loaders[0]
