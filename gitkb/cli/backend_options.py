"""The options that send the work of converting documents to a cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gitkb.cli.locate import read_user_settings
from gitkb.errors import UsageError

if TYPE_CHECKING:
    from gitkb.model.options import ClusterOptions


class Backend(StrEnum):
    """Where documents are prepared."""

    LOCAL = "local"
    DASK = "dask"


BackendOption = Annotated[Backend, typer.Option("--backend", help="Prepare documents here, or on a Dask cluster.")]
SchedulerOption = Annotated[
    str, typer.Option("--scheduler", metavar="ADDRESS", help="The cluster's scheduler: tcp://host:8786.", show_default=False)
]
SharedOption = Annotated[
    bool, typer.Option("--shared", help="The cluster reads the files by the same paths; do not send their bytes.")
]


def cluster_options(backend: Backend, scheduler: str, *, shared: bool) -> ClusterOptions | None:
    """The cluster that the options name, None for this machine alone."""
    from gitkb.model.options import ClusterOptions

    if backend is Backend.LOCAL:
        if scheduler or shared:
            raise UsageError("--scheduler and --shared are about a cluster.", "Give --backend dask with them.")
        return None
    address = scheduler or read_user_settings(warn=False).cluster.scheduler
    if not address:
        hint = "Give --scheduler tcp://HOST:8786, or keep it: gitkb config cluster.scheduler tcp://HOST:8786"
        raise UsageError("--backend dask needs the address of a scheduler.", hint)
    return ClusterOptions(address, shared)
