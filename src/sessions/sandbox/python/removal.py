"""Directories of sessions: made, given to a uid, and removed, whatever is in them."""
import os
import stat

import trees

NAMES = ("workspace", "home", "tmp", "spool")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(path, uid):
    """A session's directories at `path`, owned by `uid` where that is not None. Those that are there are kept."""
    os.makedirs(path, mode=0o711, exist_ok=True)
    os.chmod(path, 0o711)
    for name in NAMES + ("root",):
        one = os.path.join(path, name)
        try:
            os.mkdir(one, 0o700)
        except FileExistsError:
            continue
        if uid is not None and name != "root":
            os.chown(one, uid, uid)


def give(path, uid):
    """Gives all that is below `path` to `uid`: its files come from a worker that had another uid for the session."""
    def see(level, entry, _):
        os.chown(entry.name, uid, uid, dir_fd=level, follow_symlinks=False)

    for name in NAMES:
        try:
            descriptor = os.open(os.path.join(path, name), _OPEN)
        except FileNotFoundError:
            continue
        trees.visit(descriptor, see)
        os.fchown(descriptor, uid, uid)
        os.close(descriptor)


def remove(path):
    """
    Removes the directory `path` with all that is in it, following nothing. Nothing may be running in it. Directories of any
    depth: each is moved up to the top before it is looked into. Raises OSError.
    """
    parent, name = os.path.split(path)
    above = os.open(parent, _OPEN)
    try:
        _open_up(name, above)
        top = os.open(name, _OPEN, dir_fd=above)
        try:
            counter = 0
            queue = _clear(top, [])
            while queue:
                one = queue.pop()
                _open_up(one, top)
                here = os.open(one, _OPEN, dir_fd=top)
                try:
                    for child in _clear(here, []):
                        counter += 1
                        moved = ".%d.%d" % (os.getpid(), counter)
                        # To be moved, a directory must be its owner's to write.
                        _open_up(child, here)
                        os.rename(child, moved, src_dir_fd=here, dst_dir_fd=top)
                        queue.append(moved)
                finally:
                    os.close(here)
                os.rmdir(one, dir_fd=top)
        finally:
            os.close(top)
        os.rmdir(name, dir_fd=above)
    finally:
        os.close(above)


def _open_up(name, directory):
    has = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_IMODE(has.st_mode) & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=directory)


def _clear(directory, found):
    """Removes all but the directories there, whose names it returns."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=directory)
    return found
