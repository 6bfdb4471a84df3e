"""Searching files for a text or an expression, line by line."""
import os
import re
import stat
import warnings

import globs
import paths
from paths import FileError, quoted, shown
from walks import walk

# Looked through unless they are named: nobody means these.
SKIPPED = (".git", "node_modules")
MAX_FILE = 64 << 20
BLOCK = 1 << 20
# A file with a NUL here is no text.
SNIFFED = 8192
# Longer lines are looked at, and found, up to here.
MAX_LINE = 1 << 16
MAX_SHOWN = 500
MAX_ANSWER = 2 << 20
DEPTH = 128


def search(area, input, _body):
    """`fs.search`. Files that are no text, larger than 64 MiB or somebody else's are left out."""
    pattern = globs.Glob(input["glob"]) if input.get("glob") else None
    found = _Found(_expression(input), input)
    for fd, path in _files(area.root, input.get("path", "."), pattern):
        try:
            found.look(fd, path)
        finally:
            os.close(fd)
        if found.more:
            break
    return {"matches": found.matches, "files": found.files, "more": found.more}, None


def _expression(input):
    query = input["query"]
    flags = re.IGNORECASE if input.get("ignoreCase") else 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(query if input.get("regex") else re.escape(query), flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise FileError(
            "invalid", "the expression %s cannot be read: %s; leave regex out to search for it as it is" % (quoted(query), error)
        )


def _files(root, path, pattern):
    """(descriptor, path) of each file to look through; whoever takes it closes it."""
    base = [shown(part) for part in paths.split(path)]
    fd = root.open(path, os.O_RDONLY, "search")
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        try:
            root.check(os.fstat(fd), path, "search")
        except BaseException:
            os.close(fd)
            raise
        yield fd, "/".join(base)
        return
    os.close(fd)

    def enter(parts):
        name = shown(parts[-1])
        return name not in SKIPPED or (pattern is not None and pattern.names(name))

    for directory, parts, status in walk(root, path, DEPTH, enter=enter):
        if not stat.S_ISREG(status.st_mode):
            continue
        names = [shown(part) for part in parts]
        if pattern is not None and not pattern.matches(names):
            continue
        try:
            fd = root.within(directory, parts[-1], os.O_RDONLY)
        except OSError:
            continue
        # By the descriptor: it may be another file by now.
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and root.owned(status) and status.st_size <= MAX_FILE:
            yield fd, "/".join(base + names)
        else:
            os.close(fd)


class _Found:
    """What was found so far."""

    def __init__(self, expression, input):
        self._expression = expression
        # What every line that matches contains, letter by letter: most blocks do not have it.
        plain = not input.get("regex") and not input.get("ignoreCase")
        self._needle = input["query"].encode("utf-8", "replace") if plain else None
        self._context = input.get("context", 0)
        self._limit = input.get("limit", 100)
        self._size = 0
        self.matches = []
        self.files = 0
        self.more = False

    def look(self, fd, path):
        """Looks through one file."""
        head = os.pread(fd, SNIFFED, 0)
        if b"\0" in head:
            return
        self.files += 1
        lines = _Lines(path, self._context)
        offset, rest, passing = 0, b"", False
        while not (self.more and not lines.waiting) and offset <= MAX_FILE:
            block = os.pread(fd, BLOCK, offset)
            offset += len(block)
            data = rest + block
            if passing:
                end = data.find(b"\n") + 1
                passing = not end
                data = data[end:] if end else b""
            end = data.rfind(b"\n") + 1 if block else len(data)
            rest = data[end:]
            self._block(data[:end], lines)
            if not block:
                break
            if len(rest) >= MAX_LINE:
                # A line without an end: its begin is looked at, the rest of it is passed over.
                self._block(rest[:MAX_LINE], lines)
                rest, passing = b"", True

    def _block(self, data, lines):
        if self._needle is not None and self._needle not in data and not lines.wants:
            lines.skip(data)
            return
        parts = data.split(b"\n")
        if parts and parts[-1] == b"":
            parts.pop()
        for raw in parts:
            text = raw[:MAX_LINE].decode("utf-8", "replace").rstrip("\r")
            if self.more and not lines.waiting:
                return
            if not self.more and self._expression.search(text):
                if len(self.matches) >= self._limit or self._size > MAX_ANSWER:
                    # The lines after the last match are still to come.
                    self.more = True
                    lines.other(text)
                    continue
                match = lines.match(text)
                self._size += 64 + len(text[:MAX_SHOWN]) * (1 + 2 * self._context)
                self.matches.append(match)
            else:
                lines.other(text)


class _Lines:
    """Where one file is looked at, with the lines around."""

    def __init__(self, path, context):
        self._path = path
        self._context = context
        self._number = 0
        self._before = []
        self._open = []

    @property
    def wants(self):
        """Whether every line has to be seen."""
        return self._context > 0

    @property
    def waiting(self):
        """Whether a match has not all the lines after it."""
        return bool(self._open)

    def skip(self, data):
        self._number += data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1)

    def match(self, text):
        self._number += 1
        match = {"path": self._path, "line": self._number, "text": _cut(text)}
        self._tell(text)
        if self._context:
            match["before"] = list(self._before)
            match["after"] = []
            self._open.append(match)
            self._keep(text)
        return match

    def other(self, text):
        self._number += 1
        self._tell(text)
        if self._context:
            self._keep(text)

    def _keep(self, text):
        self._before.append(_cut(text))
        del self._before[:-self._context]

    def _tell(self, text):
        for match in self._open:
            match["after"].append(_cut(text))
        self._open = [match for match in self._open if len(match["after"]) < self._context]


def _cut(text):
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
