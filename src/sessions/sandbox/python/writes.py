"""
Writing files, so that whoever looks sees the old one or the new one, and nothing in between. Nothing waits for the disk.
"""
import errno
import hashlib
import os
import stat

import paths
from paths import FileError, changing, failure, quoted

PREFIX = b".write-"
BLOCK = 1 << 20
# Of files that grow, the hash is said up to this size; beyond, reading them anew for each append would take too long.
MAX_APPEND_HASH = 64 << 20
# What a condition may be about.
MAX_CONDITION = 512 << 20


def write(area, input, body):
    """`fs.write`: replaces a file at once, creates one, or appends to one."""
    body = b"" if body is None else body
    path, mode = input["path"], input.get("mode", "replace")
    if input.get("ifSha256") and mode == "create":
        raise FileError("invalid", "cannot write %s: mode create and ifSha256 exclude each other; leave one out" % quoted(path))
    area.room(len(body), "write", path)
    directory, name = area.root.parent(path, "write", make=True)
    try:
        if name == b".":
            raise FileError("invalid", "cannot write %s: it is a directory" % quoted(path))
        if mode == "append":
            return _append(area, directory, name, input, body), None
        target = Target(area, directory, name, path, "write")
        try:
            if mode == "create" and target.status is not None:
                raise _is_there(path)
            if input.get("ifSha256"):
                target.expect(input["ifSha256"])
            digest = hashlib.sha256(body).hexdigest()
            target.replace([body], input.get("executable"), create=mode == "create")
        finally:
            target.close()
    finally:
        os.close(directory)
    size = len(body)
    return {"path": path, "bytes": size, "size": size, "sha256": digest, "created": target.status is None}, None


def _append(area, directory, name, input, body):
    path = input["path"]
    fd, created = _open_to_append(area, directory, name, path)
    try:
        if input.get("ifSha256"):
            _compare(path, hash_of(fd, path), input["ifSha256"])
        write_all(fd, body)
        status = os.fstat(fd)
        if input.get("executable") is not None:
            os.fchmod(fd, with_executable(status.st_mode, input["executable"]))
        output = {"path": path, "bytes": len(body), "size": status.st_size, "created": created}
        if status.st_size <= MAX_APPEND_HASH:
            output["sha256"] = hash_of(fd, path)
        return output
    except OSError as error:
        raise failure("append to", path, error)
    finally:
        os.close(fd)


def _open_to_append(area, directory, name, path):
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    for _ in range(paths.ATTEMPTS):
        try:
            fd = os.open(name, flags, dir_fd=directory)
        except FileNotFoundError:
            try:
                return os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o666 if area.root.is_workspace else 0o644, dir_fd=directory), True
            except FileExistsError:
                continue
            except OSError as error:
                raise failure("append to", path, error)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise changing("append to", path)
            raise failure("append to", path, error)
        try:
            area.root.check(os.fstat(fd), path, "append to")
        except BaseException:
            os.close(fd)
            raise
        return fd, False
    raise changing("append to", path)


class Target:
    """A file that is about to be replaced, or made. `status` is what there was, None for nothing."""

    def __init__(self, area, directory, name, path, action):
        self._directory = directory
        self._name = name
        self._path = path
        self._action = action
        self._fd = None
        self._seen = None
        try:
            self.status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            self.status = None
        if self.status is not None:
            if stat.S_ISLNK(self.status.st_mode):
                raise changing(action, path)
            area.root.check(self.status, path, action)
        self._area = area

    def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def open(self):
        """Opens what is to be replaced: from now on it has to be this very file, as it was."""
        try:
            self._fd = os.open(
                self._name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._directory
            )
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise changing(self._action, self._path)
            raise failure(self._action, self._path, error)
        self.status = self._area.root.check(os.fstat(self._fd), self._path, self._action)
        self._seen = _identity(self.status)
        return self._fd

    def expect(self, sha256):
        """Refuses unless what is there has this hash; it is compared again when it is replaced."""
        if self.status is None:
            raise FileError(
                "conflict", "cannot %s %s: there is no such file (any more), and ifSha256 asks for one" % (self._action, quoted(self._path))
            )
        _compare(self._path, hash_of(self.open(), self._path), sha256)

    def replace(self, pieces, executable, create=False):
        """Writes pieces of bytes into a file beside it and gives that its name. With `create`, only where there is none."""
        temporary = PREFIX + os.urandom(8).hex().encode()
        mode = self._area.root.new_mode() if self.status is None else self.status.st_mode & 0o777
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(temporary, flags, 0o600, dir_fd=self._directory)
        except OSError as error:
            raise failure(self._action, self._path, error)
        try:
            try:
                for piece in pieces:
                    write_all(fd, piece)
                os.fchmod(fd, mode if executable is None else with_executable(mode, executable))
            finally:
                os.close(fd)
            if create:
                self._link(temporary)
            elif self._seen is None:
                self._take_place(temporary)
            else:
                self._exchange(temporary)
        except OSError as error:
            self._remove(temporary)
            raise failure(self._action, self._path, error)
        except BaseException:
            self._remove(temporary)
            raise

    def _take_place(self, temporary):
        """
        By exchange: where a file is replaced by renaming, some file systems (ext4) wait for the disk, which takes a hundred
        times as long and is for machines that lose power. What is lost then is the session; a person's own files wait.
        """
        for _ in range(0 if self._area.root.is_workspace else paths.ATTEMPTS):
            try:
                if not paths.exchange(self._directory, temporary, self._name):
                    break
            except FileNotFoundError:
                try:
                    if not paths.move_to_free(self._directory, temporary, self._name):
                        break
                    return
                except FileExistsError:
                    continue
            try:
                os.unlink(temporary, dir_fd=self._directory)
            except IsADirectoryError:
                # It has become one since we looked.
                paths.exchange(self._directory, temporary, self._name)
                raise
            return
        os.rename(temporary, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory)

    def _link(self, temporary):
        try:
            if not paths.move_to_free(self._directory, temporary, self._name):
                os.link(
                    temporary, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory, follow_symlinks=False
                )
                self._remove(temporary)
        except FileExistsError:
            raise _is_there(self._path)

    def _exchange(self, temporary):
        """Takes the old file out and the new one in, at once; where the old one was another by then, the other way round."""
        conflict = FileError(
            "conflict", "cannot %s %s: it was changed meanwhile; read it again" % (self._action, quoted(self._path))
        )
        if not self._is_same(self._name):
            raise conflict
        if not paths.exchange(self._directory, temporary, self._name):
            os.rename(temporary, self._name, src_dir_fd=self._directory, dst_dir_fd=self._directory)
            return
        if not self._is_same(temporary):
            paths.exchange(self._directory, temporary, self._name)
            raise conflict
        os.unlink(temporary, dir_fd=self._directory)

    def _is_same(self, name):
        try:
            return _identity(os.stat(name, dir_fd=self._directory, follow_symlinks=False)) == self._seen
        except FileNotFoundError:
            return False

    def _remove(self, temporary):
        try:
            os.unlink(temporary, dir_fd=self._directory)
        except OSError:
            pass


def _identity(status):
    """Not the time of its inode's change: that moves with every rename."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _is_there(path):
    return FileError("conflict", "cannot write %s: it is there already; mode replace would replace it" % quoted(path))


def _compare(path, actual, wanted):
    if actual != wanted:
        raise FileError(
            "conflict", "cannot write %s: it is another than ifSha256 says, its hash is %s; read it again" % (quoted(path), actual)
        )


def with_executable(mode, executable):
    """The permissions: whoever may read it may execute it, or nobody may."""
    mode &= 0o777
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def write_all(fd, data):
    """All of it: one write may take less."""
    view = memoryview(data)
    while len(view):
        view = view[os.write(fd, view):]


def hash_of(fd, path):
    """SHA-256 of a file's content, from its begin."""
    digest = hashlib.sha256()
    offset = 0
    while True:
        block = os.pread(fd, BLOCK, offset)
        if not block:
            return digest.hexdigest()
        digest.update(block)
        offset += len(block)
        if offset > MAX_CONDITION:
            raise FileError(
                "limit", "cannot compare %s with ifSha256: it has more than %d bytes; leave ifSha256 out" % (quoted(path), MAX_CONDITION)
            )
