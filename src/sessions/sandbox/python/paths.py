"""
Opening what lies below one directory, and nothing else.

Paths are relative to the session's directory, which is known by a descriptor. The kernel keeps them below it (`openat2`
with RESOLVE_BENEATH); where it cannot, or refuses an absolute link that leads back inside, they are walked here component
by component, each opened below the one before, links resolved by hand. Nothing is looked at by path and then used by path:
what was opened is looked at, and that is used. Links that stay inside work, links that lead out are refused.

Files of others are refused: a hard link to somebody else's file has that owner still. Where nothing isolates sessions,
all files have one owner, so there a file with a second name is refused as well; that is a help against mistakes alone, for
a process of such a session may read and link whatever the worker may.
"""
import ctypes
import errno
import os
import stat

MAX_PATH = 4095
MAX_NAME = 255
MAX_LINKS = 40
# How often something that is swapped meanwhile is looked at anew.
ATTEMPTS = 64

_OPENAT2 = 437  # On every architecture.
_NO_XDEV, _NO_MAGICLINKS, _BENEATH = 0x01, 0x02, 0x08
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2
_ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class FileError(Exception):
    """What goes wrong with files, for people: `code` is one of the codes of sessions, `message` says what to do."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class _How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


def shown(name):
    """A name (bytes) as text: what is no UTF-8 is shown as U+FFFD, and cannot be asked for by these tools."""
    return name.decode("utf-8", "replace")


def quoted(path):
    """A path in a message: short, on one line."""
    text = path if isinstance(path, str) else shown(path)
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return '"%s"' % (text if len(text) <= 200 else text[:200] + "…")


def split(path):
    """The components of a path as bytes; none for the directory itself. Refuses what could lead elsewhere."""
    if not path:
        raise FileError("invalid", 'the path is empty: give one below the session\'s directory, such as "src/main.py"')
    if "\0" in path:
        raise FileError("invalid", "the path %s has a NUL character: leave it out" % quoted(path))
    if path.startswith("/"):
        raise FileError(
            "invalid",
            "the path %s is absolute: give it relative to the session's directory, without the first /" % quoted(path),
        )
    try:
        raw = path.encode("utf-8")
    except UnicodeEncodeError:
        raise FileError("invalid", "the path %s is no valid Unicode: half of a surrogate pair is in it" % quoted(path))
    if len(raw) > MAX_PATH:
        raise FileError("invalid", "the path %s has %d bytes; %d are the most" % (quoted(path), len(raw), MAX_PATH))
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    for part in parts:
        if part == b"..":
            raise FileError("invalid", "the path %s has \"..\" in it: name the file without going up" % quoted(path))
        if len(part) > MAX_NAME:
            raise FileError(
                "invalid", "a name in the path %s has %d bytes; %d are the most" % (quoted(path), len(part), MAX_NAME)
            )
    return parts


def outside(path):
    return FileError("forbidden", "%s leads out of the session's directory by a link: only what is inside can be used" % quoted(path))


_REASONS = {
    errno.ENOENT: ("not_found", "there is nothing of that name; fs.list shows what there is"),
    errno.ENOTDIR: ("invalid", "a part of the path is a file, not a directory"),
    errno.EISDIR: ("invalid", "it is a directory"),
    errno.EACCES: ("forbidden", "its permissions do not allow it; run.command can change them with chmod"),
    errno.EPERM: ("forbidden", "the system does not allow it"),
    errno.ELOOP: ("invalid", "it is a link that leads through more than %d links, or to itself" % MAX_LINKS),
    errno.ENAMETOOLONG: ("invalid", "the path is too long"),
    errno.EEXIST: ("conflict", "it is there already"),
    errno.ENOTEMPTY: ("conflict", "it is a directory with something in it"),
    errno.ENXIO: ("invalid", "it is no regular file"),
    errno.ENODEV: ("invalid", "it is no regular file"),
    errno.ETXTBSY: ("conflict", "it is a program that runs now"),
    errno.ENOSPC: ("limit", "the disk is full: remove files that are not needed"),
    errno.EDQUOT: ("limit", "the disk quota is used up: remove files that are not needed"),
    errno.EFBIG: ("limit", "the file would be larger than a session's files may be"),
    errno.EMFILE: ("limit", "too many files are open at once; try again"),
    errno.ENFILE: ("limit", "too many files are open on the worker; try again"),
    errno.ENOMEM: ("limit", "there is no memory left for it"),
    errno.EROFS: ("forbidden", "it is on a disk that cannot be written"),
}


def failure(action, path, error):
    """A FileError for what the system said; `action` as in `cannot read "x": …`."""
    code, reason = _REASONS.get(error.errno, ("failed", os.strerror(error.errno or errno.EIO).lower()))
    return FileError(code, "cannot %s %s: %s" % (action, quoted(path), reason))


def changing(action, path):
    return FileError(
        "conflict", "cannot %s %s: something replaces it all the time; stop that, and try again" % (action, quoted(path))
    )


def kind(mode):
    """What a file is, as `fs.list` has it."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def exchange(directory, one, other):
    """Exchanges two names of one directory at once; False where the file system cannot."""
    return _rename(directory, one, other, _RENAME_EXCHANGE)


def move_to_free(directory, name, to):
    """Renames unless `to` is there (FileExistsError); False where the file system cannot see to that."""
    return _rename(directory, name, to, _RENAME_NOREPLACE)


def _rename(directory, one, other, flag):
    if not hasattr(_libc, "renameat2"):
        return False
    if _libc.renameat2(directory, one, directory, other, flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number))


class Root:
    """What lies below one directory. Its descriptor (O_RDONLY | O_DIRECTORY) stays the caller's."""

    def __init__(self, fd, isolated=True, beneath=None, is_workspace=False):
        """
        `isolated`: the owner of a file says whose it is. `is_workspace`: all there is a person's own, whoever owns it and
        whatever disk it is on. `beneath`: whether to ask the kernel to stay below; by default
        where it can.
        """
        self.fd = fd
        self.isolated = isolated
        self.is_workspace = is_workspace
        self._device = os.fstat(fd).st_dev
        self._beneath = kernel_stays_beneath(fd) if beneath is None else beneath
        self._name = None

    def open(self, path, flags, action):
        """
        Opens what a path names, links that stay inside followed. Never waits (for a FIFO's other end, say). What it is has
        to be looked at by the descriptor: `regular`, `directory`.
        """
        try:
            return self._open(split(path), flags)
        except OSError as error:
            raise failure(action, path, error)
        except _Outside:
            raise outside(path)
        except _Changing:
            raise changing(action, path)

    def regular(self, path, flags, action):
        """Opens a regular file of the session's; (descriptor, what fstat says)."""
        fd = self.open(path, flags, action)
        try:
            return fd, self.check(os.fstat(fd), path, action)
        except BaseException:
            os.close(fd)
            raise

    def directory(self, path, action):
        """Opens a directory, to read it and to go on from it."""
        return self.open(path, os.O_RDONLY | os.O_DIRECTORY, action)

    def parent(self, path, action, make=False):
        """
        The directory of what a path names, opened, and its name there, which is no link now: links at the end were followed.
        The name is `.` where it is the root itself. `make`: directories that are missing are made.
        """
        parts = split(path)
        try:
            try:
                return self._parent(parts)
            except FileNotFoundError:
                if not make:
                    raise
                self._make(parts[:-1], path, action)
                return self._parent(parts)
        except OSError as error:
            raise failure(action, path, error)
        except _Outside:
            raise outside(path)
        except _Changing:
            raise changing(action, path)

    def check(self, status, path, action):
        """Refuses what is no regular file of the session's own; the status otherwise."""
        if stat.S_ISDIR(status.st_mode):
            raise FileError("invalid", "cannot %s %s: it is a directory; fs.list shows what is in it" % (action, quoted(path)))
        if not stat.S_ISREG(status.st_mode):
            raise FileError("invalid", "cannot %s %s: it is no regular file" % (action, quoted(path)))
        if not self.owned(status):
            raise FileError(
                "forbidden",
                "cannot %s %s: it is a second name of a file that may be outside of the session; copy it, and use the copy"
                % (action, quoted(path)),
            )
        return status

    def owned(self, status):
        """Whether a regular file is the session's own."""
        return self.is_workspace or status.st_uid == os.geteuid() and (self.isolated or status.st_nlink <= 1)

    def new_mode(self):
        """Permissions of a file that was not there: a person's own are as the person's umask has them."""
        if not self.is_workspace:
            return 0o644
        mask = os.umask(0o022)
        os.umask(mask)
        return 0o666 & ~mask

    def within(self, directory, name, flags):
        """Opens one name of a directory that was opened below this root; links and other disks are refused as OSError."""
        fd = os.open(name, flags | os.O_NOFOLLOW | _ALWAYS, dir_fd=directory)
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode) and status.st_dev != self._device and not self.is_workspace:
            os.close(fd)
            raise OSError(errno.EXDEV, "another disk")
        return fd

    # ---- by the kernel

    def _open(self, parts, flags):
        if self._beneath:
            # It refuses flags that O_PATH has no use for.
            always = os.O_CLOEXEC if flags & os.O_PATH else _ALWAYS
            how = _How(flags | always, 0, _BENEATH | _NO_MAGICLINKS | (0 if self.is_workspace else _NO_XDEV))
            raw = b"/".join(parts) or b"."
            for _ in range(ATTEMPTS):
                fd = _libc.syscall(_OPENAT2, self.fd, raw, ctypes.byref(how), ctypes.sizeof(how))
                if fd >= 0:
                    return fd
                number = ctypes.get_errno()
                # Something was renamed while a link went up: it cannot tell, and says so.
                if number in (errno.EAGAIN, errno.EINTR):
                    continue
                # A link that is absolute, or leads out: the walk below tells them apart.
                if number == errno.EXDEV:
                    break
                raise OSError(number, os.strerror(number))
        return self._open_walking(parts, flags)

    def _parent(self, parts):
        if not parts or not self._beneath:
            return self._walk(parts)
        directory = self._open(parts[:-1], os.O_PATH | os.O_DIRECTORY)
        try:
            os.readlink(parts[-1], dir_fd=directory)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return directory, parts[-1]
            os.close(directory)
            raise
        os.close(directory)
        return self._walk(parts)

    # ---- by hand

    def _open_walking(self, parts, flags):
        for _ in range(ATTEMPTS):
            directory, name = self._walk(parts)
            try:
                return self.within(directory, name, flags)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise _Outside()
                # It was no link a moment ago. O_DIRECTORY says of a link that it is no directory.
                if error.errno != errno.ELOOP and not _is_link(directory, name):
                    raise
            finally:
                os.close(directory)
        raise _Changing()

    def _walk(self, parts):
        """(descriptor of the directory, name in it that is no link). Holds every directory on the way, so that `..` is one of them."""
        held = [os.dup(self.fd)]
        todo = list(reversed(parts))
        links = 0
        try:
            while todo:
                part = todo.pop()
                if part == b"..":
                    if len(held) == 1:
                        raise _Outside()
                    os.close(held.pop())
                    continue
                target = _link_target(held[-1], part)
                if target is None:
                    if not todo:
                        return held.pop(), part
                    try:
                        held.append(self.within(held[-1], part, os.O_PATH | os.O_DIRECTORY))
                    except OSError as error:
                        if error.errno == errno.EXDEV:
                            raise _Outside()
                        if not _is_link(held[-1], part):
                            raise
                        # It has become a link since: once more, and counted, so that this ends.
                        links += 1
                        todo.append(part)
                else:
                    links += 1
                    if target.startswith(b"/"):
                        target = self._inside(target)
                        while len(held) > 1:
                            os.close(held.pop())
                    todo.extend(each for each in reversed(target.split(b"/")) if each not in (b"", b"."))
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            return held.pop(), b"."
        finally:
            for fd in held:
                os.close(fd)

    def _inside(self, target):
        """An absolute link's target below the root, as the session's processes name it. Used from the root's descriptor on."""
        if self._name is None:
            try:
                self._name = os.readlink(b"/proc/self/fd/%d" % self.fd)
            except OSError:
                self._name = b""
        name = self._name
        if not name.startswith(b"/") or name == b"/" or b"/../" in target + b"/":
            raise _Outside()
        if target != name and not target.startswith(name + b"/"):
            raise _Outside()
        return target[len(name):]

    def _make(self, parts, path, action):
        for count in range(1, len(parts) + 1):
            try:
                os.close(self._open(parts[:count], os.O_PATH | os.O_DIRECTORY))
                continue
            except FileNotFoundError:
                directory = self._open(parts[:count - 1], os.O_PATH | os.O_DIRECTORY)
            try:
                os.mkdir(parts[count - 1], 0o777 if self.is_workspace else 0o755, dir_fd=directory)
            except FileExistsError:
                if _is_link(directory, parts[count - 1]):
                    raise FileError(
                        "not_found",
                        "cannot %s %s: %s on the way is a link to nothing" % (action, quoted(path), quoted(parts[count - 1])),
                    )
            finally:
                os.close(directory)


class _Outside(Exception):
    pass


class _Changing(Exception):
    pass


def _link_target(directory, name):
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError as error:
        # No link; or nothing at all, which is found out by whoever opens it.
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def _is_link(directory, name):
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


_beneath = None


def kernel_stays_beneath(fd):
    """Whether this kernel has `openat2`, and lets us call it (old container runtimes do not)."""
    global _beneath
    if _beneath is None:
        how = _How(os.O_PATH | os.O_CLOEXEC, 0, _BENEATH | _NO_MAGICLINKS | _NO_XDEV)
        opened = _libc.syscall(_OPENAT2, fd, b".", ctypes.byref(how), ctypes.sizeof(how))
        if opened >= 0:
            os.close(opened)
        _beneath = opened >= 0
    return _beneath
