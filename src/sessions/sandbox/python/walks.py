"""Walking through directories, in order."""
import errno
import os
import stat
import time

from paths import FileError, failure, quoted, shown

# Names that one directory may have to be listed or searched.
MAX_NAMES = 200000


def when(status):
    """When something was modified, as ISO 8601 with milliseconds; what no clock shows is shown as the nearest that it does."""
    nanoseconds = min(max(status.st_mtime_ns, 0), 253402300799 * 10**9)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9))
    return "%s.%03dZ" % (text, nanoseconds // 10**6 % 1000)


def walk(root, path, depth, after=None, enter=None, strict=False):
    """
    Everything below a directory, sorted by its names, directories before what is in them: (descriptor of its directory, its
    names from `path` on as bytes, lstat). Links are not followed. `after`: only what comes after these names (as shown).
    `enter`: whether to go into a directory, by its names. What vanishes meanwhile is left out, and so is what must not be
    read, unless `strict`: then that is refused.
    """
    stack = [_Level(root.directory(path, "list"), [], after or [], path)]
    try:
        while stack:
            level = stack[-1]
            name = level.next()
            if name is None:
                os.close(stack.pop().fd)
                continue
            parts = level.parts + [name]
            try:
                status = os.stat(name, dir_fd=level.fd, follow_symlinks=False)
            except OSError:
                continue
            on_the_way = level.after[:1] == [shown(name)]
            if not on_the_way:
                yield level.fd, parts, status
            if stat.S_ISDIR(status.st_mode) and len(stack) < depth and (enter is None or enter(parts)):
                try:
                    fd = root.within(level.fd, name, os.O_RDONLY | os.O_DIRECTORY)
                except OSError as error:
                    if strict and error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                        raise failure("read", b"/".join(parts), error)
                    continue
                stack.append(_Level(fd, parts, level.after[1:] if on_the_way else [], b"/".join(parts)))
    finally:
        for level in stack:
            os.close(level.fd)


class _Level:
    """One directory that is walked through. Owns its descriptor once it is made."""

    def __init__(self, fd, parts, after, path):
        self.fd = fd
        self.parts = parts
        self.after = after
        try:
            self._names = _sorted(fd, after[0] if after else None, path)
        except BaseException:
            os.close(fd)
            raise

    def next(self):
        return self._names.pop() if self._names else None


def _sorted(fd, first, path):
    """The names from `first` on, the last one first."""
    names = []
    with os.scandir(fd) as found:
        for each in found:
            name = os.fsencode(each.name)
            if first is None or shown(name) >= first:
                names.append(name)
            if len(names) > MAX_NAMES:
                raise FileError(
                    "limit", "the directory %s has more than %d entries: use run.command to look at it" % (quoted(path), MAX_NAMES)
                )
    names.sort(key=shown, reverse=True)
    return names
