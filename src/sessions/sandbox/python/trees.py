"""Walking directories of any depth, following nothing."""
import os

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Levels whose directories are held open at once; those above are found again by "..".
_DEPTH = 200


def visit(directory, see):
    """
    Calls `see(descriptor, entry, stat)` for everything below `directory` (an open descriptor, which stays open). What
    vanishes meanwhile is left out, and what cannot be read.
    """
    levels = []
    descriptor = os.open(".", _OPEN, dir_fd=directory)
    children = _look(descriptor, see)
    while True:
        if children:
            try:
                below = os.open(children.pop(), _OPEN, dir_fd=descriptor)
            except OSError:
                continue
            levels.append((descriptor, children))
            if len(levels) > _DEPTH and levels[-_DEPTH][0] is not None:
                os.close(levels[-_DEPTH][0])
                levels[-_DEPTH] = (None, levels[-_DEPTH][1])
            descriptor = below
            children = _look(descriptor, see)
            continue
        if not levels:
            os.close(descriptor)
            return
        above, children = levels.pop()
        if above is None:
            above = os.open("..", _OPEN, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = above


def _look(descriptor, see):
    children = []
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                try:
                    has = entry.stat(follow_symlinks=False)
                    see(descriptor, entry, has)
                except FileNotFoundError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    children.append(entry.name)
    except OSError:
        pass
    return children
