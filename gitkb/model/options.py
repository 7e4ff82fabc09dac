"""How the commands of the library are told what to do."""

from msgspec import Struct

from gitkb.errors import UsageError
from gitkb.model.findings import CODES


class ClusterOptions(Struct, frozen=True):
    """A Dask cluster that prepares documents: the address of its `scheduler` (tcp://host:8786). `shared`: its machines read the
    files by the same paths, so that their bytes need not travel."""

    scheduler: str
    shared: bool = False


class AddOptions(Struct, frozen=True):
    """How `add` works: `into` replaces the root's name, `update` allows a known root with other bytes, `jobs` 0 means one per
    core, `include` and `exclude` are globs on paths inside the added folder, `timings` measures phases. `branch` is where the
    documents go ("" for the checked-out one), and `start` the revision at which it begins when it is not there yet. `compiler`
    and `model` overrule the settings for this once; a model may be asked for `max_tokens` in all (0: no limit). With `prune`
    documents go whose file is gone from the added folder. `urls` are pages to fetch, `refetch` wants all that were fetched
    before, `allow_private` also addresses that are not public. `older` also takes what would turn documents back. `current`:
    the folders are known to be no older than the knowledge base, so that only what people removed is left out. `private`:
    documents that are likely private may go to a model elsewhere. `batch`: a model is asked in batches, which takes longer and
    costs less. `cluster` prepares the documents, None: this machine does."""

    into: str = ""
    update: bool = False
    jobs: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    dry_run: bool = False
    timings: bool = False
    branch: str = ""
    start: str = ""
    compiler: str = ""
    model: str = ""
    max_tokens: int = 0
    urls: tuple[str, ...] = ()
    refetch: bool = False
    allow_private: bool = False
    prune: bool = False
    older: bool = False
    current: bool = False
    private: bool = False
    cluster: ClusterOptions | None = None
    batch: bool = False


class DeclaredSource(Struct, frozen=True):
    """Where the documents below the root `name` come from: the folder `path` of this repository, or the repository `repo` at
    `ref` ("": its default branch), of that the folder `subdir`. `include` and `exclude` are globs on the paths inside."""

    name: str
    path: str = ""
    repo: str = ""
    ref: str = ""
    subdir: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Where it is, for people: "docs/", "https://host/project.git, release, manual/"."""
        if not self.repo:
            return f"{self.path}/"
        return ", ".join(part for part in (self.repo, self.ref, f"{self.subdir}/" if self.subdir else "") if part)


class SyncOptions(Struct, frozen=True):
    """How `sync` works; all as in `AddOptions`."""

    jobs: int = 0
    dry_run: bool = False
    timings: bool = False
    branch: str = ""
    model: str = ""
    max_tokens: int = 0


class WatchOptions(Struct, frozen=True):
    """How `watch` works: `add` are the options of each run, a file is added when it has not changed for `settle` seconds, `poll`
    looks at the folders again and again instead of being told by the system."""

    add: AddOptions = AddOptions()
    settle: float = 1.0
    poll: bool = False


class RecompileOptions(Struct, frozen=True):
    """How `recompile` works; which documents: those named, `every` one, or those `outdated`. The rest as in `AddOptions`; without
    `private`, a document that is likely private fails."""

    every: bool = False
    outdated: bool = False
    jobs: int = 0
    dry_run: bool = False
    timings: bool = False
    branch: str = ""
    compiler: str = ""
    model: str = ""
    max_tokens: int = 0
    private: bool = False
    cluster: ClusterOptions | None = None


class ChangeOptions(Struct, frozen=True):
    """How `remove`, `undo`, `same`, `apart` and `lint --fix` work: on which `branch` ("" is the checked-out
    one); a `dry_run` only says what they would do."""

    branch: str = ""
    dry_run: bool = False


class ApproveOptions(Struct, frozen=True):
    """How `approve` works: on which `branch` ("" is the checked-out one); `withdraw` takes the person's own approval back; `at`
    is when it was confirmed ("2026-11-24T10:00:00Z"), "" for now; a `dry_run` only says what it would do."""

    branch: str = ""
    withdraw: bool = False
    at: str = ""
    dry_run: bool = False


class MergeChoices(Struct, frozen=True):
    """Whose version stands where both sides of a merge changed a document or page: names as people type them. Of documents in
    `both` the texts of the originals are merged line by line."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    both: tuple[str, ...] = ()


class LintOptions(Struct, frozen=True):
    """What `lint` looks for: all kinds of findings, or `only` some, without those `excepted`. `UsageError` for an unknown
    code."""

    only: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for code in (*self.only, *self.excepted):
            if code not in CODES:
                raise UsageError(f"There is no finding {code!r}.", f"There are: {', '.join(CODES)}.")

    @property
    def codes(self) -> frozenset[str]:
        """The kinds of findings that are wanted."""
        return frozenset(self.only or CODES) - frozenset(self.excepted)


class HookChoice(Struct, frozen=True):
    """Which hooks are meant: those of a worktree without `server` and `ci` (the name of a service, "" for none)."""

    server: bool = False
    ci: str = ""
