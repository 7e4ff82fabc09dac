"""Has LibreOffice, where it is installed, save an old Office file as one that gitkb reads.

Invariant: the program runs with a profile of its own that is made for this one file and deleted with it: macros, active content
and the web are off in it, and on Linux it gets no network at all where the system lets it have one of its own. It gets an address
space with a limit, no more time than a conversion may take, and is killed with all that it has started. What it writes is as
little trusted as any document: a worker reads it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from gitkb.errors import ConversionError

_NAMES = ("soffice", "libreoffice", "/Applications/LibreOffice.app/Contents/MacOS/soffice")
_OWN_BYTES = 3 * 1024**3
"""The address space that LibreOffice maps for itself, before it opens anything."""
_LIMITED = 'ulimit -v "$0" 2>/dev/null; ulimit -c 0; exec "$@"'
_NO_NETWORK = ("unshare", "--map-root-user", "--net")
_OPTIONS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard")
_SETTINGS = (
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
_DAMAGED = "LibreOffice cannot read it: it is damaged, or protected by a password."
_SAVE = "Open it, and save it as {}."


def saved_as(original: Path, kind: str, folder: Path, seconds: float, memory: int) -> Path:
    """The file of a kind ("docx", "pptx") that LibreOffice makes of an original; `folder` is new, the caller deletes it.

    Raises `ConversionError` where there is no LibreOffice, or it makes none within the seconds and bytes of memory.
    """
    program = _program()
    if not program:
        raise ConversionError(
            "gitkb reads it through LibreOffice, which is not installed here.", f"Install LibreOffice, or save it as {kind}."
        )
    profile, made = folder / "profile", folder / "made"
    _prepare(profile)
    given = folder / f"original{original.suffix}"
    shutil.copyfile(original, given)
    command = [*_shield(), program, *_OPTIONS, f"-env:UserInstallation={profile.as_uri()}"]
    process = subprocess.Popen(
        ["/bin/sh", "-c", _LIMITED, str((memory + _OWN_BYTES) // 1024), *command, "--convert-to", kind, "--outdir", made, given],
        env={"HOME": str(profile), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        hint = "Raise convert.timeout in .gitkb/config.yaml if the file is sound."
        raise ConversionError(f"LibreOffice took longer than {seconds:g} s for it and was stopped.", hint) from error
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    found = made / f"original.{kind}"
    if not found.is_file():
        raise ConversionError(_DAMAGED, _SAVE.format(kind))
    return found


@lru_cache(maxsize=1)
def _program() -> str:
    """LibreOffice's program, "" where there is none, or none that can be held."""
    return next(filter(None, map(shutil.which, _NAMES)), "") if os.name == "posix" else ""


@lru_cache(maxsize=1)
def _shield() -> tuple[str, ...]:
    """What makes a program start without a network; nothing where the system does not allow it."""
    if sys.platform != "linux" or not shutil.which(_NO_NETWORK[0]):
        return ()
    tried = subprocess.run([*_NO_NETWORK, "true"], capture_output=True, check=False)
    return _NO_NETWORK if tried.returncode == 0 else ()


def _prepare(profile: Path) -> None:
    """A new profile with what keeps a document from doing anything."""
    items = "".join(
        f'<item oor:path="/org.openoffice.{"" if path.startswith("Inet") else "Office."}{path}">'
        f'<prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    user = profile / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        + items
        + "</oor:items>",
        encoding="utf-8",
    )
