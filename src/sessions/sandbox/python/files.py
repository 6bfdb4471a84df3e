"""
The operations on a session's files: `handle`. They run in the session's init, as the session's uid and inside of its
namespaces, below its directory (`paths.py`).

Long ones (`is_long`) belong into a forked child of the init: the child calls `enter_child(op)`, then `handle`, and sends
the answer to the init by a pipe. A child that ends without an answer took too long, or too much memory.
"""
import os
import resource
import signal
import stat

import archive
import edits
import globs
import paths
import search
import writes
from paths import FileError, Root, failure, kind, quoted, shown
from walks import walk, when

__all__ = ["FileError", "LONG", "handle", "is_long", "enter_child"]

# Always long; others may be, by what they are asked for (`is_long`).
LONG = frozenset(("search", "pack", "unpack"))
CHILD_CPU_SECONDS = {"search": 10, "list": 30, "edit": 30, "pack": 240, "unpack": 240}


class Area:
    """Where an operation works, and what it may use."""

    def __init__(self, root_fd, limits):
        self.root = Root(root_fd, limits.get("isolated", True), is_workspace=limits.get("workspace", False))
        self.store_fd = limits.get("spool_fd")
        self.disk_bytes = limits.get("disk_bytes", 2**63)
        self.free_bytes = limits.get("disk_free", self.disk_bytes)

    def room(self, count, action, path):
        """Refuses bytes that the session's disk limit has no room for."""
        if count > self.free_bytes:
            raise FileError(
                "limit",
                "cannot %s %s: %d bytes are more than the session's disk limit leaves (%d): remove files that are not needed"
                % (action, quoted(path), count, max(0, self.free_bytes)),
            )


def handle(op, input, body, root_fd, limits):
    """
    Carries out one operation. Raises FileError; whatever else it raises is a mistake of ours.

    op: read, write, list, edit, search, stat, pack, archive_read, archive_write, unpack, archive_drop
    input: as in `operations.ts`, defaults filled in
    body: bytes or a memoryview of them, where the operation takes some
    root_fd: the session's directory (O_RDONLY | O_DIRECTORY)
    limits: `disk_bytes` of the session, `disk_free`: what of them may yet be written; `spool_fd`: a directory that the
        session's processes do not see, for archives; `isolated`: False where those processes have the worker's uid and
        see its files; `workspace`: all there is a person's own
    Returns (output, body): a dict as in `operations.ts`, and bytes or None.
    """
    operation = _OPERATIONS.get(op)
    if operation is None:
        raise FileError("invalid", "there is no operation %s on files" % quoted(op))
    try:
        return operation(Area(root_fd, limits), input, body)
    except OSError as error:
        raise failure(op, input.get("path", input.get("archive", ".")), error)
    except MemoryError:
        raise FileError("limit", "%s took more memory than the session may use: ask for less at once" % op)


def is_long(op, input):
    """Whether a call may take long enough to keep others waiting."""
    if op in LONG:
        return True
    if op == "list":
        return input.get("depth", 1) > 1
    if op == "edit":
        return len(input["edits"]) > 8 or any(len(each["old"]) > 4096 for each in input["edits"])
    return False


def enter_child(op):
    """In the forked child of a long operation, before `handle`: ends it where it takes too much CPU time."""
    seconds = CHILD_CPU_SECONDS.get(op, 30)

    def too_long(_number, _frame):
        hint = "; give a simpler expression, or a smaller path" if op == "search" else ""
        raise FileError("limit", "%s took more than %d s of CPU time%s" % (op, seconds, hint))

    signal.signal(signal.SIGXCPU, too_long)
    # The signal first, which still can say so; the second limit ends what does not listen.
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = seconds + 2 if hard == resource.RLIM_INFINITY else min(hard, seconds + 2)
    resource.setrlimit(resource.RLIMIT_CPU, (min(seconds, most), most))
    try:
        os.nice(5)
    except OSError:
        pass


def read(area, input, _body):
    path, offset, length = input["path"], input.get("offset", 0), input.get("length", 1 << 20)
    fd, status = area.root.regular(path, os.O_RDONLY, "read")
    try:
        data = os.pread(fd, min(length, max(0, status.st_size - offset)), offset) if status.st_size > offset else b""
        if len(data) < length and offset + len(data) < status.st_size:
            data = _read_on(fd, data, offset, length)
        # It may have grown or shrunk meanwhile: what is answered belongs together.
        status = os.fstat(fd)
    finally:
        os.close(fd)
    end = offset + len(data)
    size = max(status.st_size, end) if data else status.st_size
    output = {
        "path": path,
        "size": size,
        "offset": offset,
        "length": len(data),
        "eof": end >= size,
        "modifiedAt": when(status),
        "executable": bool(status.st_mode & stat.S_IXUSR),
    }
    return output, data


def _read_on(fd, data, offset, length):
    """A read may answer less than it was asked for."""
    pieces = [data]
    count = len(data)
    while count < length:
        piece = os.pread(fd, length - count, offset + count)
        if not piece:
            break
        pieces.append(piece)
        count += len(piece)
    return b"".join(pieces)


def stat_(area, input, _body):
    path = input["path"]
    fd = area.root.open(path, os.O_PATH, "look at")
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode):
            area.root.check(status, path, "look at")
    finally:
        os.close(fd)
    return dict(_entry(path, status), executable=bool(status.st_mode & stat.S_IXUSR)), None


def list_(area, input, _body):
    path, limit = input.get("path", "."), input.get("limit", 500)
    pattern = globs.Glob(input["glob"]) if input.get("glob") else None
    after = _after(path, input["after"]) if input.get("after") else None
    base = [shown(part) for part in paths.split(path)]
    entries = []
    for directory, parts, status in walk(area.root, path, input.get("depth", 1), after):
        names = [shown(part) for part in parts]
        if pattern is not None and not pattern.matches(names):
            continue
        if len(entries) >= limit:
            return {"entries": entries, "more": True}, None
        entry = _entry("/".join(base + names), status)
        if entry["type"] == "file":
            entry["executable"] = bool(status.st_mode & stat.S_IXUSR)
        if entry["type"] == "symlink":
            try:
                entry["target"] = shown(os.readlink(parts[-1], dir_fd=directory))
            except OSError:
                pass
        entries.append(entry)
    return {"entries": entries, "more": False}, None


def _after(path, after):
    base = [shown(part) for part in paths.split(path)]
    parts = [shown(part) for part in paths.split(after)]
    if parts[:len(base)] != base:
        raise FileError(
            "invalid",
            "after is %s, which is not below %s: give the last path of the page before" % (quoted(after), quoted(path)),
        )
    return parts[len(base):]


def _entry(path, status):
    return {"path": path, "type": kind(status.st_mode), "size": status.st_size, "modifiedAt": when(status)}


_OPERATIONS = {
    "read": read,
    "write": lambda *given: writes.write(*given),
    "list": list_,
    "stat": stat_,
    # In workspaces, modules are read when they are first used.
    "edit": lambda *given: edits.edit(*given),
    "search": lambda *given: search.search(*given),
    "pack": lambda *given: archive.pack(*given),
    "archive_read": lambda *given: archive.read(*given),
    "archive_write": lambda *given: archive.write(*given),
    "unpack": lambda *given: archive.unpack(*given),
    "archive_drop": lambda *given: archive.drop(*given),
}
