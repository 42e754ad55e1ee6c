"""What a file holds: every look at a file whose name came from outside."""

from __future__ import annotations

import os
import stat

#: What is no file, and is not opened: a pipe waits for another program, and a device may have no end.
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Unreadable(OSError):
    """Something that is not read, and why."""


def contents(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Raises `OSError`, with what a person can be told."""
    kind = stat.S_IFMT(os.stat(path).st_mode)
    if kind != stat.S_IFREG:
        raise Unreadable(f"it is {_KINDS.get(kind, 'something else')}, not a file")
    try:
        with open(path, "rb") as file:
            return file.read()
    except MemoryError:
        raise Unreadable("it does not fit into memory") from None


def why(error: OSError) -> str:
    """What an error says, in a few words."""
    return error.strerror or str(error)
