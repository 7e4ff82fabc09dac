"""Conversations as files: `.git/gitkb/chats/<id>.json`, one each, written after every turn.

Invariant: a file is whole or absent, and readable by its owner alone. It may come from somebody else (a copied folder): it is
data, checked before it is used, and no id leads out of the folder. Two processes in one conversation lose none of it: the one
that finds the other's words goes on under an id of its own.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from gitkb.errors import FormatError, NotFound, RepositoryError, UsageError
from gitkb.model.answers import Chat, ChatTurn

FORMAT = 1
MAX_BYTES = 16 * 1024**2
MAX_TURNS = 10_000
_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")
_TURN = {"question": str, "answer": str, "model": str, "commit": str, "time": str, "stopped": bool}


class Chats:
    """The conversations in a folder, which is made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history_file = folder.with_name("chat-history")
        """What was typed into conversations, for whoever types the next line."""
        self._seen: dict[str, bytes] = {}

    @staticmethod
    def new() -> Chat:
        """A conversation without any question yet."""
        return Chat(f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")

    def save(self, chat: Chat) -> Chat:
        """Keeps a conversation; returns it under the id that it has now."""
        self._make_folder()
        file = self._file(chat.id)
        if _read(file) not in (None, self._seen.get(chat.id)):
            chat = replace(chat, id=self.new().id)
            file = self._file(chat.id)
        content = json.dumps({"format": FORMAT, **to_builtins(chat)}, ensure_ascii=False, indent=1).encode("utf-8", "replace")
        _write(file, content)
        self._seen[chat.id] = content
        return chat

    def load(self, name: str = "") -> Chat:
        """The conversation whose id begins with this text; the last one for an empty text. `NotFound`, or `FormatError` if it is
        damaged."""
        chat_id = self._find(name)
        content = _read(self._file(chat_id)) or b""
        chat = _decoded(content, chat_id)
        self._seen[chat_id] = content
        return chat

    def all(self) -> Iterator[Chat | FormatError]:
        """All conversations, the last one first; an error for each that cannot be read."""
        for chat_id in self._ids():
            try:
                yield _decoded(_read(self._file(chat_id)) or b"", chat_id)
            except FormatError as error:
                yield error

    def delete(self, name: str) -> str:
        """Deletes the conversation whose id begins like this, and returns its id."""
        if not name:
            raise UsageError("Which conversation?", "gitkb chat --list shows them.")
        chat_id = self._find(name)
        self._file(chat_id).unlink()
        return chat_id

    def _find(self, name: str) -> str:
        ids = self._ids()
        found = [name] if name in ids else [each for each in ids if each.startswith(name)]
        if not found:
            what = f"There is no conversation {name!r}." if name else "There is no conversation yet."
            raise NotFound(what, "gitkb chat --list shows them." if name else "Begin one: gitkb chat")
        if name and len(found) > 1:
            raise NotFound(f"{name!r} may be: {', '.join(found[:10])}.", "Give more of the id.")
        return found[0]

    def _ids(self) -> list[str]:
        """The ids, the last written first."""
        if not self.folder.is_dir() or self.folder.is_symlink():
            return []
        files = [file for file in self.folder.iterdir() if file.suffix == ".json" and _ID.fullmatch(file.stem)]
        return [file.stem for file in sorted(files, key=lambda file: (file.lstat().st_mtime_ns, file.stem), reverse=True)]

    def _file(self, chat_id: str) -> Path:
        return self.folder / f"{chat_id}.json"

    def _make_folder(self) -> None:
        if self.folder.is_symlink():
            raise RepositoryError(f"{self.folder} is a link; conversations are not kept elsewhere.", "Delete the link.")
        self.folder.mkdir(mode=0o700, exist_ok=True)


def _read(file: Path) -> bytes | None:
    """The bytes of a regular file, bounded; None if there is none. No link is followed and no pipe waited for."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FormatError(f"{file} is no file that can be read.", "Delete it.") from error
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FormatError(f"{file} is no regular file.", "Delete it.")
        return opened.read(MAX_BYTES + 1)


def _write(file: Path, content: bytes) -> None:
    new = file.with_name(f".{file.stem}.{secrets.token_hex(4)}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(handle)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _decoded(content: bytes, chat_id: str) -> Chat:
    """The conversation that a file holds, every part of it checked."""
    try:
        data = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise _refused(chat_id, "is no JSON") from error
    turns = data.get("turns") if isinstance(data, dict) else None
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("id") != chat_id or not isinstance(turns, list):
        raise _refused(chat_id, f"holds no conversation of format {FORMAT} with this id")
    if len(turns) > MAX_TURNS or not all(_is_turn(turn) for turn in turns):
        raise _refused(chat_id, "holds something that is no turn")
    return Chat(chat_id, tuple(ChatTurn(**turn) for turn in turns))


def _is_turn(turn: Any) -> bool:
    return (
        isinstance(turn, dict) and turn.keys() == _TURN.keys() and all(isinstance(turn[key], kind) for key, kind in _TURN.items())
    )


def _refused(chat_id: str, why: str) -> FormatError:
    return FormatError(f"The conversation {chat_id} cannot be used: its file {why}.", f"Delete it: gitkb chat --delete {chat_id}")
