"""Commands whose plain parameters are taken as they are typed.

typer converts every parameter with pydantic, and importing pydantic takes longer than most of our reading commands. Texts, flags,
paths, whole numbers and choices need none of it. Whatever is not plain, or not valid, goes to typer, which also words the
complaint. `tests/test_startup.py` fails when a typer is installed in which this saves nothing.
"""

import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.core import TyperCommand

_NOT_PLAIN = object()


class PlainCommand(TyperCommand):
    """A command of typer's that asks typer only about parameters that are not plain."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, with those that typer adds."""
        return taken_plainly(super().get_params(ctx))


def taken_plainly(parameters: list[Any]) -> list[Any]:
    """The same parameters of a command, which from now on ask typer only about what is not plain."""
    for parameter in parameters:
        if not isinstance(parameter.process_value, _Plain):
            parameter.process_value = _Plain(parameter, parameter.process_value)
    return parameters


class _Plain:
    """Takes the value of one parameter, or leaves it to typer."""

    def __init__(self, parameter: Any, otherwise: Any) -> None:
        self._parameter, self._otherwise = parameter, otherwise

    def __call__(self, context: Any, value: Any) -> Any:
        found = self._plain(value)
        if found is _NOT_PLAIN or self._is_missing(found):
            return self._otherwise(context, value)
        callback = self._parameter.callback
        return found if callback is None else callback(context, self._parameter, found)

    def _is_missing(self, value: Any) -> bool:
        return bool(self._parameter.required and self._parameter.value_is_missing(value))

    def _plain(self, value: Any) -> Any:
        descriptor = getattr(self._parameter, "type_descriptor", None)
        if descriptor is None:
            return _NOT_PLAIN
        several = self._parameter.multiple or self._parameter.nargs == -1
        if value is None:
            return () if several else None
        if not several:
            return _one(descriptor.annotation, value, descriptor.parameter_info)
        if get_origin(descriptor.annotation) is not list or isinstance(value, str):
            return _NOT_PLAIN
        found = [_one(get_args(descriptor.annotation)[0], each, descriptor.parameter_info) for each in value]
        return _NOT_PLAIN if _NOT_PLAIN in found else found


def _one(kind: Any, value: Any, info: Any) -> Any:
    if kind in (str, bool, float) and isinstance(value, kind):
        return value
    if kind is int and (isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdecimal())):
        number = int(value)
        fits = (info.min is None or info.min <= number) and (info.max is None or number <= info.max)
        return number if fits else _NOT_PLAIN
    if kind is Path and isinstance(value, str | Path):
        return Path(value) if not os.path.exists(value) or os.access(value, os.R_OK) else _NOT_PLAIN  # noqa: PTH110
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    return _NOT_PLAIN
