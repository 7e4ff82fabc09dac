"""Signatures of commits, made as git makes them: by gpg, gpgsm or ssh-keygen, where git is configured to sign.

Invariant: a signature covers exactly the commit's bytes without it, and changes nothing else. What runs is named by the
person's own configuration: a program that the repository's configuration names is refused until the person trusts it.
"""

import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from gitkb.errors import RepositoryError
from gitkb.store.git_program import TRUST, attempt, environment

_SETTINGS = r"^(commit\.gpgsign|user\.signingkey|gpg\..*|gitkb\.trust)$"
_FALSE = frozenset({"false", "no", "off", "0", ""})
_PROGRAMS = {"openpgp": "gpg", "x509": "gpgsm", "ssh": "ssh-keygen"}
_SET_KEY = "Name it: git config user.signingkey KEY; or sign nothing: git config commit.gpgsign false"


class Signing(Struct, frozen=True):
    """How commits are signed: one of git's formats, the program for it, and the key ("" where git would choose one)."""

    format: str
    program: str
    key: str


class Signature(Struct, frozen=True):
    """Signs the commits of one run; `folder` takes its temporary files, `root` is where relative paths start, `person` is
    the committer."""

    signing: Signing
    folder: Path
    root: Path
    person: str

    def __call__(self, commit: bytes) -> bytes:
        """The commit with its signature among the headers; `RepositoryError` with the program's words where it fails."""
        made = self._by_ssh(commit) if self.signing.format == "ssh" else self._by_gpg(commit)
        headers, blank, message = commit.partition(b"\n\n")
        lines = made.replace(b"\r", b"").strip(b"\n").replace(b"\n", b"\n ")
        return headers + b"\ngpgsig " + lines + blank + message

    def _by_gpg(self, commit: bytes) -> bytes:
        arguments = [self.signing.program, "--status-fd=2", "-bsau", self.signing.key or self.person]
        done = self._run(arguments, commit)
        if b"\n[GNUPG:] SIG_CREATED " not in b"\n" + done.stderr:
            raise self._failed(done.stderr)
        return done.stdout

    def _by_ssh(self, commit: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="signing-", dir=self.folder) as folder:
            payload, literal = Path(folder) / "commit", _literal(self.signing.key)
            payload.write_bytes(commit)
            key = str(Path(self.signing.key).expanduser())
            if literal:
                key = str(Path(folder) / "key")
                Path(key).write_text(f"{literal}\n", encoding="utf-8")
            agent = ["-U"] if literal else []
            done = self._run([self.signing.program, "-Y", "sign", "-n", "git", "-f", key, *agent, str(payload)])
            signature = payload.with_name("commit.sig")
            if not signature.is_file():
                raise self._failed(done.stderr)
            return signature.read_bytes()

    def _run(self, arguments: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        done = _run(arguments, self.root, given)
        if done.returncode:
            raise self._failed(done.stderr)
        return done

    def _failed(self, stderr: bytes) -> RepositoryError:
        lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if not line.startswith("[GNUPG:]")]
        said = " ".join(line.strip() for line in lines if line.strip()) or "it made no signature"
        return RepositoryError(
            f"git is configured to sign commits, and {self.signing.program} could not: {said}",
            "Try it with: git commit --allow-empty -S; or sign nothing: git config commit.gpgsign false",
        )


def configured(git_dir: Path, root: Path) -> Signing | None:
    """How git would sign a commit in this repository, None where it would not; one look at git's configuration."""
    done = attempt(git_dir, ["config", "--show-scope", "-z", "--get-regexp", _SETTINGS], environment())
    parts = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    settings: dict[str, str] = {}
    foreign: dict[str, bool] = {}
    trusted = False
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        key, line, value = entry.partition("\n")
        # `gpg.program` is the old name of `gpg.openpgp.program`; the last one counts.
        key = "gpg.openpgp.program" if key == "gpg.program" else key
        settings[key], foreign[key] = value if line else "true", scope in ("local", "worktree")
        trusted = trusted or (key == TRUST and not foreign[key] and value in ("*", str(root)))
    if settings.get("commit.gpgsign", "").lower() in _FALSE:
        return None
    kind = settings.get("gpg.format", "openpgp")
    if kind not in _PROGRAMS:
        raise RepositoryError(f"git's setting gpg.format is {kind!r}, which git does not know.", "Set openpgp, x509 or ssh.")
    runs = [f"gpg.{kind}.program"]
    key = settings.get("user.signingkey", "")
    if kind == "ssh" and not key:
        runs.append("gpg.ssh.defaultkeycommand")
    _refuse([name for name in runs if foreign.get(name) and not trusted], root)
    if kind == "ssh" and not key:
        key = _default_key(settings.get("gpg.ssh.defaultkeycommand", ""), root)
    return Signing(kind, str(Path(settings.get(runs[0], _PROGRAMS[kind])).expanduser()), key)


def _refuse(names: Sequence[str], root: Path) -> None:
    if names:
        raise RepositoryError(
            f"The configuration of this repository itself sets {', '.join(names)}, which would run a program.",
            f'If you set it yourself: git config --global --add {TRUST} "{root}"',
        )


def _default_key(command: str, root: Path) -> str:
    """The first key that a person's command lists, as git asks for it (`ssh-add -L`)."""
    listed = _run(shlex.split(command), root).stdout.decode("utf-8", "replace") if command.strip() else ""
    first = listed.partition("\n")[0]
    if not _literal(first):
        raise RepositoryError("git is configured to sign commits with ssh, and no key is named.", _SET_KEY)
    return first


def _literal(key: str) -> str:
    """The public key that a setting holds itself, "" where it names a file."""
    return key.removeprefix("key::") if key.startswith("key::") else key if key.startswith("ssh-") else ""


def _run(arguments: Sequence[str], root: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(arguments, cwd=root, env=environment(asks=True), input=given, capture_output=True, check=False)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise RepositoryError(
            f"git is configured to sign commits with {arguments[0]}, which cannot be run: {said}.",
            "Install it, or sign nothing: git config commit.gpgsign false",
        ) from error
