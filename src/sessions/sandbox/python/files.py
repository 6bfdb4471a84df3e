"""File operations of a session. See `handle`."""


class FileError(Exception):
    """What went wrong, for the caller: `code` is one of the session error codes."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


# Run in a forked child of the init, which may take long and is killed with its session.
LONG = frozenset(("search", "pack", "unpack"))


def handle(op, input, body, root_fd, limits):
    """To be written by the files' own work: see sandbox/python/README in the docstring of init.py."""
    raise FileError("invalid", "there is no file operation %r" % (op,))
