"""Replacing text in a file: exactly what was meant, or nothing; and what came of it as a short difference."""
import hashlib
import os

import writes
from paths import FileError, quoted

MAX_FILE = 8 << 20
# Beyond, a difference would be longer than anybody reads.
MAX_SHOWN_REPLACEMENTS = 500
MAX_DIFF = 16384
MAX_LINE = 400
CONTEXT = 3


def edit(area, input, _body):
    """`fs.edit`: one edit after the other, each on what those before have made; none is kept where one cannot be made."""
    path = input["path"]
    directory, name = area.root.parent(path, "edit")
    try:
        target = writes.Target(area, directory, name, path, "edit")
        if target.status is None:
            raise FileError("not_found", "cannot edit %s: there is no such file; fs.write makes one" % quoted(path))
        try:
            old = _content(target.open(), path)
            if input.get("ifSha256"):
                _expected(path, old, input["ifSha256"])
            text = Text(old)
            replacements = sum(_apply(text, each, at, path) for at, each in enumerate(input["edits"]))
            new = text.value
            area.room(max(0, len(new) - len(old)), "edit", path)
            if len(new) > MAX_FILE:
                raise FileError("limit", "cannot edit %s: it would have %d bytes; %d are the most" % (quoted(path), len(new), MAX_FILE))
            if new != old:
                target.replace([new], None)
        finally:
            target.close()
    finally:
        os.close(directory)
    return {
        "path": path,
        "replacements": replacements,
        "size": len(new),
        "sha256": hashlib.sha256(new).hexdigest(),
        "diff": text.diff(),
    }, None


def _content(fd, path):
    pieces, count = [], 0
    while count <= MAX_FILE:
        piece = os.pread(fd, MAX_FILE + 1 - count, count)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        count += len(piece)
    raise FileError(
        "limit", "cannot edit %s: it has more than %d bytes; use run.command (sed, python3) for files so large" % (quoted(path), MAX_FILE)
    )


def _expected(path, content, wanted):
    actual = hashlib.sha256(content).hexdigest()
    if actual != wanted:
        raise FileError(
            "conflict", "cannot edit %s: it is another than ifSha256 says, its hash is %s; read it again" % (quoted(path), actual)
        )


def _apply(text, each, at, path):
    where = "edit %d of %s" % (at + 1, quoted(path))
    old, new = _bytes(each["old"], where), _bytes(each["new"], where)
    count = text.value.count(old)
    if count == 0:
        raise FileError("invalid", "%s: old is not there%s; nothing was changed" % (where, _why(text.value, old)))
    if count > 1 and not each.get("all"):
        raise FileError(
            "invalid",
            "%s: old is there %d times (lines %s); make it longer, so that it is there once, or set all; nothing was changed"
            % (where, count, _lines(text.value, old)),
        )
    text.replace(old, new, count)
    return count


def _bytes(text, where):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise FileError("invalid", "%s: it is no valid Unicode, half of a surrogate pair is in it" % where)


def _why(content, old):
    """The usual reasons, where one of them is it."""
    if b"\r\n" in content and b"\n" in old and content.count(old.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
        return " (the file's lines end with \\r\\n, those of old with \\n)"
    words = old.split()
    if words and words[0] in content and b" ".join(words) in b" ".join(content.split()):
        return " (it is, with other spaces or line ends: read the file again)"
    return ""


def _lines(content, old):
    found, at, line, counted = [], content.find(old), 1, 0
    while at >= 0 and len(found) < 10:
        line += content.count(b"\n", counted, at)
        counted = at
        found.append(str(line))
        at = content.find(old, at + len(old))
    return ", ".join(found) + (", …" if at >= 0 else "")


class Text:
    """Content that is changed, and remembers which pieces of it are the old ones."""

    def __init__(self, old):
        self._old = old
        self.value = old
        # In order: (start, end) of the old content, or bytes. None where there were too many changes to follow.
        self._pieces = [(0, len(old))]
        self._count = 0

    def replace(self, old, new, count):
        """Replaces every occurrence; there are `count`."""
        self._count += count
        if self._count > MAX_SHOWN_REPLACEMENTS:
            self._pieces = None
        if self._pieces is not None:
            at, where = 0, []
            for _ in range(count):
                at = self.value.index(old, at)
                where.append(at)
                at += len(old)
            self._pieces = _spliced(self._pieces, where, len(old), new)
        self.value = self.value.replace(old, new)

    def diff(self):
        """What changed, as `diff -u` shows it without its head; cut where it is long."""
        if self._pieces is None:
            return "(%d replacements: too many to show)\n" % self._count
        hunks = _hunks(_changes(self._pieces, len(self._old)), self._old)
        lines, size = [], 0
        for line in (line for hunk in hunks for line in hunk):
            size += len(line) + 1
            if size > MAX_DIFF:
                lines.append("(cut: it goes on)")
                break
            lines.append(line)
        return "".join(line + "\n" for line in lines)


def _length(piece):
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]


def _spliced(pieces, where, length, new):
    """The pieces after `length` bytes at each place were replaced."""
    result, position, places = [], 0, iter(where)
    start = next(places, None)
    for piece in pieces:
        end = position + _length(piece)
        at = position
        while at < end:
            if start is None or start >= end:
                result.append(_cut(piece, at - position, end - position))
                break
            if start > at:
                result.append(_cut(piece, at - position, start - position))
            if start >= position:
                result.append(new)
            # What is replaced may go on in the pieces that follow.
            at = min(start + length, end)
            if start + length <= end:
                start = next(places, None)
        position = end
    return [piece for piece in result if _length(piece)] or [b""]


def _cut(piece, start, end):
    return piece[start:end] if isinstance(piece, bytes) else (piece[0] + start, piece[0] + end)


def _changes(pieces, size):
    """(start, end, new bytes) of each place of the old content that changed, in order."""
    changes, at, new = [], 0, []
    for piece in pieces + [(size, size)]:
        if isinstance(piece, bytes):
            new.append(piece)
            continue
        added = b"".join(new)
        if piece[0] > at or added:
            changes.append((at, piece[0], added))
        at, new = piece[1], []
    return changes


def _hunks(changes, old):
    """Changes in whole lines, with lines around them; those whose surroundings touch are one."""
    groups = []
    for start, end, new in changes:
        first = old.rfind(b"\n", 0, start) + 1
        last = old.find(b"\n", max(start, end - 1)) if end > start else old.find(b"\n", end)
        # Where its last line lost its end, the next line belongs to it.
        if end > start and last == end - 1 and not new.endswith(b"\n"):
            last = old.find(b"\n", end)
        last = len(old) if last < 0 else last + 1
        before, after = _up(old, first, CONTEXT), _down(old, last, CONTEXT)
        if groups and before <= groups[-1]["after"]:
            groups[-1]["changes"].append((start, end, new))
            groups[-1]["lines"].append([first, last])
            groups[-1]["after"] = max(after, groups[-1]["after"])
        else:
            groups.append({"before": before, "after": after, "changes": [(start, end, new)], "lines": [[first, last]]})
    line, counted, shift = 1, 0, 0
    for group in groups:
        line += old.count(b"\n", counted, group["before"])
        counted = group["before"]
        body, removed, added = _body(group, old)
        yield ["@@ -%s +%s @@" % (_range(line, removed), _range(line + shift, added))] + body
        shift += added - removed


def _range(line, count):
    return "%d,%d" % (line if count else line - 1, count) if count != 1 else str(line)


def _body(group, old):
    blocks = []
    for (start, end, new), (first, last) in zip(group["changes"], group["lines"]):
        if blocks and first < blocks[-1][1]:
            block = blocks[-1]
            block[1] = max(block[1], last)
            block[2] += old[block[3]:start] + new
            block[3] = end
        else:
            blocks.append([first, last, old[first:start] + new, end])
    lines, removed, added, at = [], 0, 0, group["before"]
    for first, last, new, end in blocks:
        kept = _split(old[at:first])
        gone = _split(old[first:last])
        came = _split(new + old[end:last])
        lines += [" " + each for each in kept] + ["-" + each for each in gone] + ["+" + each for each in came]
        removed += len(kept) + len(gone)
        added += len(kept) + len(came)
        at = last
    kept = _split(old[at:group["after"]])
    return lines + [" " + each for each in kept], removed + len(kept), added + len(kept)


def _split(data):
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [_line(each) for each in lines]


def _line(raw):
    text = raw.rstrip(b"\r").decode("utf-8", "replace")
    return text if len(text) <= MAX_LINE else text[:MAX_LINE] + "…"


def _up(old, at, lines):
    for _ in range(lines):
        if at == 0:
            return 0
        at = old.rfind(b"\n", 0, at - 1) + 1
    return at


def _down(old, at, lines):
    for _ in range(lines):
        end = old.find(b"\n", at)
        if end < 0:
            return len(old)
        at = end + 1
    return at
