"""
Archives of a session's directory: gzipped tar files in a place of their own (`spool_fd`), packed or taken in here, read and
written by pieces. `pack` and `unpack` are long: they run in a forked child.

Links are packed as links, wherever they lead, and come back as they were: a link is a text, and whoever opens it is held
back then (`paths.py`). Nothing is ever written or read through one here.
"""
import errno
import hashlib
import os
import re
import stat
import zlib

import paths
import tars
from paths import FileError, failure, quoted
from walks import walk

BLOCK = 1 << 20
MAX_DEPTH = 128
MAX_ENTRIES = 1000000
MAX_BODY = 8 << 20
NAME = re.compile(r"arch-[a-z0-9]{1,32}\Z")
STAGING, OLD = b".restore-new-", b".restore-old-"
_LEFT_BEHIND = (STAGING, OLD)
_LEVEL = 1


def pack(area, input, _body):
    """`archive.pack`: all of the session's files. Packed again it is made anew. Devices, sockets and FIFOs are left out."""
    store, name = _place(area, input)
    temporary = name + b".new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=store)
    try:
        try:
            packed = _Packed(fd, area.free_bytes)
            files = 0
            for directory, parts, status in walk(area.root, ".", MAX_DEPTH + 2, enter=_enter, strict=True):
                if not parts[0].startswith(_LEFT_BEHIND):
                    files += _pack_one(packed, area.root, directory, parts[-1], b"/".join(parts), status)
            packed.write(tars.END)
            packed.end()
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=store, dst_dir_fd=store)
    except BaseException:
        _remove(store, temporary)
        raise
    return {"size": packed.size, "sha256": packed.digest.hexdigest(), "files": files}, None


def _enter(parts):
    if len(parts) > MAX_DEPTH:
        raise FileError(
            "limit", "cannot pack the session: %s lies more than %d directories deep" % (quoted(b"/".join(parts)[:100]), MAX_DEPTH)
        )
    return not parts[0].startswith(_LEFT_BEHIND)


def _pack_one(packed, root, directory, name, path, status):
    """How many files it is: one, or none."""
    modified = status.st_mtime_ns // 10**9
    if stat.S_ISDIR(status.st_mode):
        packed.write(tars.header(tars.DIRECTORY, path + b"/", mode=status.st_mode & 0o777, modified=modified))
    elif stat.S_ISLNK(status.st_mode):
        try:
            target = os.readlink(name, dir_fd=directory)
        except OSError:
            return 0
        packed.write(tars.header(tars.SYMLINK, path, mode=0o777, modified=modified, target=target))
    elif stat.S_ISREG(status.st_mode):
        try:
            fd = root.within(directory, name, os.O_RDONLY)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return 0
            raise failure("pack", path, error)
        try:
            # By the descriptor: it may be another file by now.
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return 0
            root.check(status, path, "pack")
            modified = status.st_mtime_ns // 10**9
            packed.write(tars.header(tars.FILE, path, status.st_size, status.st_mode & 0o777, modified))
            _pack_content(packed, fd, status.st_size)
        finally:
            os.close(fd)
        return 1
    return 0


def _pack_content(packed, fd, size):
    """Exactly as many bytes as were announced: what grew meanwhile is cut, what shrank goes on with zeros."""
    offset = 0
    while offset < size:
        data = os.pread(fd, min(BLOCK, size - offset), offset)
        if not data:
            data = bytes(min(BLOCK, size - offset))
        packed.write(data)
        offset += len(data)
    packed.write(tars.padding(size))


class _Packed:
    """A gzip stream that is written, counted and hashed."""

    def __init__(self, fd, room):
        self._fd = fd
        self._room = room
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data):
        self._out(self._stream.compress(data))

    def end(self):
        self._out(self._stream.flush())

    def _out(self, data):
        self.size += len(data)
        if self.size > self._room:
            raise FileError(
                "limit",
                "cannot pack the session: the archive has no room on its disk (%d bytes are left); remove files" % max(0, self._room),
            )
        self.digest.update(data)
        view = memoryview(data)
        while len(view):
            view = view[os.write(self._fd, view):]


def read(area, input, _body):
    """`archive.read`: a piece of it; fewer bytes than asked for at its end."""
    fd = _open(area, input, os.O_RDONLY)
    try:
        data = os.pread(fd, min(input["length"], MAX_BODY), input["offset"])
        return {"size": os.fstat(fd).st_size}, data
    finally:
        os.close(fd)


def write(area, input, body):
    """`archive.write`: the body goes to `offset`. There is no archive larger than the session's disk limit."""
    store, name = _place(area, input)
    body = b"" if body is None else body
    offset = input["offset"]
    if offset + len(body) > area.disk_bytes:
        raise FileError("limit", "the archive is larger than the session's disk limit (%d bytes)" % area.disk_bytes)
    area.room(len(body), "take in", input["archive"])
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=store)
    try:
        if offset > os.fstat(fd).st_size:
            raise FileError(
                "invalid",
                "the archive %s has %d bytes yet: write what comes next, not at %d"
                % (quoted(input["archive"]), os.fstat(fd).st_size, offset),
            )
        view = memoryview(body)
        while len(view):
            count = os.pwrite(fd, view, offset)
            view = view[count:]
            offset += count
        return {"size": os.fstat(fd).st_size}, None
    finally:
        os.close(fd)


def drop(area, input, _body):
    """`archive.drop`: true where there is none, too."""
    store, name = _place(area, input)
    _remove(store, name)
    return {}, None


def unpack(area, input, _body):
    """
    `archive.unpack`: the session's files become those of the archive, all or none. It is unpacked into a directory beside
    them; then they change places, name by name, which is undone where it fails. Its hash is compared first.
    """
    fd = _open(area, input, os.O_RDONLY)
    try:
        _compare(fd, input["sha256"], input["archive"])
        root = area.root.fd
        _clear(root, _LEFT_BEHIND)
        mark = os.urandom(8).hex().encode()
        new, old = STAGING + mark, OLD + mark
        try:
            os.mkdir(new, 0o700, dir_fd=root)
            staging = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
            try:
                room = min(area.disk_bytes, area.free_bytes)
                files = _Unpacking(paths.Root(staging, area.root.isolated), room).run(_unzipped(fd))
                os.mkdir(old, 0o700, dir_fd=root)
                _change_places(root, staging, new, old)
            finally:
                os.close(staging)
            _clear(root, (old,))
        finally:
            _clear(root, (new,))
        return {"files": files}, None
    finally:
        os.close(fd)


def _compare(fd, wanted, archive):
    digest, offset = hashlib.sha256(), 0
    while True:
        data = os.pread(fd, BLOCK, offset)
        if not data:
            break
        digest.update(data)
        offset += len(data)
    if digest.hexdigest() != wanted:
        raise FileError("conflict", "the archive %s came in damaged: its hash is %s; send it again" % (quoted(archive), digest.hexdigest()))


def _unzipped(fd):
    """A function that reads so many bytes of what was zipped."""
    stream = zlib.decompressobj(31)
    state = {"offset": 0, "pending": b""}

    def some(most):
        while not stream.eof:
            data = stream.unconsumed_tail or os.pread(fd, 1 << 16, state["offset"])
            if not stream.unconsumed_tail:
                state["offset"] += len(data)
                if not data:
                    break
            try:
                out = stream.decompress(data, most)
            except zlib.error as error:
                raise tars.bad("it is not gzipped, or damaged (%s)" % error)
            if out:
                return out
        return b""

    def read(count):
        if len(state["pending"]) >= count:
            data, state["pending"] = state["pending"][:count], state["pending"][count:]
            return data
        pieces, have = [state["pending"]], len(state["pending"])
        while have < count:
            out = some(max(count - have, 1 << 16))
            if not out:
                break
            pieces.append(out)
            have += len(out)
        data = b"".join(pieces)
        state["pending"] = data[count:]
        return data[:count]

    return read


class _Unpacking:
    """Makes what an archive has below a directory that is empty, links never followed."""

    def __init__(self, root, room):
        self._root = root
        self._room = room
        self._entries = 0
        # Permissions of directories are set at the end: they may forbid to write.
        self._directories = []

    def run(self, read):
        """How many files there were."""
        reader = tars.Reader(read)
        files = 0
        while True:
            entry = reader.next()
            if entry is None:
                break
            self._entries += 1
            if self._entries > MAX_ENTRIES:
                raise tars.bad("it has more than %d entries" % MAX_ENTRIES)
            files += self._one(reader, entry)
        for parts, mode, modified in reversed(self._directories):
            fd = self._directory(parts)
            try:
                os.utime(fd, (modified, modified))
                os.fchmod(fd, mode)
            finally:
                os.close(fd)
        return files

    def _one(self, reader, entry):
        parts = _checked(entry.name, "an entry")
        if not parts:
            if entry.kind == tars.DIRECTORY:
                return 0
            raise tars.bad("an entry in it has no name")
        if entry.kind == tars.DIRECTORY:
            os.close(self._directory(parts))
            self._directories.append((parts, entry.mode & 0o777, _time(entry)))
            return 0
        directory, name = self._directory(parts[:-1]), parts[-1]
        try:
            if entry.kind == tars.FILE:
                return self._file(reader, entry, directory, name)
            if entry.kind == tars.SYMLINK:
                if not entry.target or len(entry.target) > paths.MAX_PATH:
                    raise tars.bad("the target of the link %s is empty or too long" % quoted(entry.name))
                self._free(directory, name)
                os.symlink(entry.target, name, dir_fd=directory)
                os.utime(name, (_time(entry), _time(entry)), dir_fd=directory, follow_symlinks=False)
                return 0
            if entry.kind == tars.LINK:
                return self._link(entry, directory, name)
        except OSError as error:
            raise failure("unpack", entry.name, error)
        finally:
            os.close(directory)
        raise tars.bad("%s in it is neither file, directory nor link" % quoted(entry.name))

    def _file(self, reader, entry, directory, name):
        self._room -= entry.size
        if self._room < 0:
            raise FileError(
                "limit",
                "the archive cannot be unpacked: it has more bytes than the session's disk limit leaves beside what is there"
                " now; unpack it in a new session",
            )
        self._free(directory, name)
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
        try:
            while True:
                data = reader.content(BLOCK)
                if not data:
                    break
                view = memoryview(data)
                while len(view):
                    view = view[os.write(fd, view):]
            os.fchmod(fd, entry.mode & 0o777)
            os.utime(fd, (_time(entry), _time(entry)))
        finally:
            os.close(fd)
        return 1

    def _link(self, entry, directory, name):
        """A second name of a file that came before in this archive."""
        parts = _checked(entry.target, "the link %s" % quoted(entry.name))
        if not parts:
            raise tars.bad("the link %s leads nowhere" % quoted(entry.name))
        source = self._directory(parts[:-1])
        try:
            status = os.stat(parts[-1], dir_fd=source, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise tars.bad("the link %s is no link to a file" % quoted(entry.name))
            self._free(directory, name)
            os.link(parts[-1], name, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)
        finally:
            os.close(source)
        return 1

    def _directory(self, parts):
        """Opens a directory below, made where it is missing; no link is followed on the way."""
        fd = os.dup(self._root.fd)
        try:
            for part in parts:
                try:
                    below = self._root.within(fd, part, os.O_RDONLY | os.O_DIRECTORY)
                except FileNotFoundError:
                    os.mkdir(part, 0o700, dir_fd=fd)
                    self._entries += 1
                    below = self._root.within(fd, part, os.O_RDONLY | os.O_DIRECTORY)
                os.close(fd)
                fd = below
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise tars.bad("%s in it goes through a link or a file" % quoted(b"/".join(parts)))
            raise failure("unpack", b"/".join(parts), error)
        return fd

    def _free(self, directory, name):
        """The last entry of a name counts."""
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in (errno.EISDIR, errno.EPERM):
                raise tars.bad("%s in it is a directory and a file" % quoted(name))
            raise


def _checked(name, what):
    """The components of a name in an archive."""
    if name.startswith(b"/"):
        raise tars.bad("%s in it has an absolute path (%s)" % (what, quoted(name)))
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise tars.bad('%s in it has a path with ".." (%s)' % (what, quoted(name)))
    if len(parts) > MAX_DEPTH + 1:
        raise tars.bad("%s in it lies more than %d directories deep" % (what, MAX_DEPTH))
    if b"\0" in name or any(len(part) > paths.MAX_NAME for part in parts):
        raise tars.bad("%s in it has a name that cannot be (%s)" % (what, quoted(name)))
    return parts


def _time(entry):
    return min(max(entry.modified, 0), 253402300799)


def _change_places(root, staging, new, old):
    """What there was goes into `old`, what is new takes its place; all of it, or back again."""
    out = os.open(old, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
    undo = []
    try:
        try:
            # Once more for what processes have made meanwhile.
            for times in range(3):
                for name in _names(root):
                    if name not in (new, old):
                        to = name if times == 0 else b"%d-%s" % (times, os.urandom(6).hex().encode())
                        if _move(root, name, out, to):
                            undo.append((out, to, root, name))
            for name in _names(staging):
                if _move(staging, name, root, name):
                    undo.append((root, name, staging, name))
        except OSError as error:
            for each in reversed(undo):
                _move(*each)
            raise failure("unpack into", ".", error)
    finally:
        os.close(out)


def _move(source, name, destination, to):
    """False where there is nothing of that name any more."""
    try:
        try:
            os.rename(name, to, src_dir_fd=source, dst_dir_fd=destination)
        except PermissionError:
            # A directory without the right to write cannot be moved: its `..` changes.
            _allow(source, name)
            os.rename(name, to, src_dir_fd=source, dst_dir_fd=destination)
        return True
    except FileNotFoundError:
        return False


def _names(fd):
    with os.scandir(fd) as found:
        return [os.fsencode(each.name) for each in found]


def _clear(root, prefixes):
    """Removes what begins so, with all that is in it, however deep: directories are moved up first."""
    for name in _names(root):
        if not name.startswith(prefixes):
            continue
        _allow(root, name)
        try:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
        except NotADirectoryError:
            _remove(root, name)
            continue
        except OSError:
            continue
        try:
            _empty(fd)
        finally:
            os.close(fd)
        try:
            os.rmdir(name, dir_fd=root)
        except OSError:
            pass


def _empty(top):
    """Everything in a directory; what cannot be removed stays."""
    number, tried = 0, set()
    while True:
        todo = [name for name in _names(top) if name not in tried]
        if not todo:
            return
        for name in todo:
            try:
                os.unlink(name, dir_fd=top)
                continue
            except OSError as error:
                if error.errno not in (errno.EISDIR, errno.EPERM, errno.EACCES):
                    tried.add(name)
                    continue
            try:
                _allow(top, name)
                fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
            except OSError:
                tried.add(name)
                continue
            try:
                for each in _names(fd):
                    try:
                        os.unlink(each, dir_fd=fd)
                    except OSError:
                        number += 1
                        try:
                            _move(fd, each, top, b"%d-%s" % (number, os.urandom(6).hex().encode()))
                        except OSError:
                            tried.add(name)
            finally:
                os.close(fd)
            try:
                os.rmdir(name, dir_fd=top)
            except OSError:
                tried.add(name)


def _allow(directory, name):
    """Gives the owner of a directory all rights to it. By its descriptor: a link is not followed."""
    try:
        fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return
    try:
        os.chmod(b"/proc/self/fd/%d" % fd, 0o700)
    except OSError:
        pass
    finally:
        os.close(fd)


def _remove(directory, name):
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass


def _place(area, input):
    if area.store_fd is None:
        raise FileError("failed", "this session has no place for archives")
    name = input["archive"]
    if not NAME.match(name):
        raise FileError("invalid", "%s is no name of an archive: such are arch-1f3a" % quoted(name))
    return area.store_fd, name.encode() + b".tar.gz"


def _open(area, input, flags):
    store, name = _place(area, input)
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=store)
    except FileNotFoundError:
        raise FileError("not_found", "there is no archive %s: pack it, or write it, first" % quoted(input["archive"]))
