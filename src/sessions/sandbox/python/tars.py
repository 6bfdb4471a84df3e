"""
Reading and writing tar archives: what a session's directory is made of, and nothing else. Written is what GNU tar writes
(long names as bytes of any kind); read is that, and pax headers as other programs write them. What is read is foreign.
"""
from paths import FileError

RECORD = 512
# Of a name, a link's target, or the headers that carry them.
MAX_TEXT = 1 << 16

FILE, LINK, SYMLINK, DIRECTORY = b"0", b"1", b"2", b"5"
_LONG_NAME, _LONG_TARGET, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"


def header(kind, name, size=0, mode=0o644, modified=0, target=b""):
    """The records that announce one entry; `size` bytes follow, then `padding(size)`."""
    start = b""
    if len(target) > 100:
        start += _long(_LONG_TARGET, target)
    if len(name) > 100:
        start += _long(_LONG_NAME, name)
    return start + _record(kind, name[:100], size, mode, modified, target[:100])


def padding(size):
    return bytes(-size % RECORD)


END = bytes(2 * RECORD)


def _long(kind, text):
    text += b"\0"
    return _record(kind, b"././@LongLink", len(text), 0o644, 0, b"") + text + padding(len(text))


def _record(kind, name, size, mode, modified, target):
    record = bytearray(RECORD)

    def put(at, field):
        record[at:at + len(field)] = field

    put(0, name)
    put(100, b"%07o\0" % mode)
    put(108, b"%07o\0" % 0)
    put(116, b"%07o\0" % 0)
    put(124, b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big"))
    put(136, b"%011o\0" % max(0, min(modified, 8**11 - 1)))
    put(148, b" " * 8)
    put(156, kind)
    put(157, target)
    put(257, b"ustar  \0")
    put(148, b"%06o\0 " % sum(record))
    return bytes(record)


class Entry:
    """What an archive has: `kind`, `name` and `target` as they are there (bytes), `size` of its content."""

    __slots__ = ("kind", "name", "size", "mode", "modified", "target")

    def __init__(self, kind, name, size, mode, modified, target):
        self.kind = kind
        self.name = name
        self.size = size
        self.mode = mode
        self.modified = modified
        self.target = target


def bad(what):
    return FileError("invalid", "the archive cannot be unpacked: %s" % what)


class Reader:
    """Entries one after the other. `read(count)` gives so many bytes, or fewer at the end of what there is."""

    def __init__(self, read):
        self._read = read
        self._left = 0
        self._padding = 0

    def next(self):
        """The next entry, None at the end. What was not read of the one before is passed over."""
        name = target = size = modified = None
        while True:
            self._pass_over()
            record = self._exactly(RECORD)
            if record == bytes(RECORD):
                return None
            kind, entry_size = self._check(record)
            if kind in (_LONG_NAME, _LONG_TARGET, _PAX, _PAX_GLOBAL):
                if entry_size > MAX_TEXT:
                    raise bad("a name in it has more than %d bytes" % MAX_TEXT)
                text = self._exactly(entry_size)
                self._exactly(-entry_size % RECORD)
                if kind == _LONG_NAME:
                    name = text.split(b"\0")[0]
                elif kind == _LONG_TARGET:
                    target = text.split(b"\0")[0]
                elif kind == _PAX:
                    found = _pax(text)
                    name = found.get(b"path", name)
                    target = found.get(b"linkpath", target)
                    size = _decimal(found.get(b"size"), size)
                    modified = _decimal(found.get(b"mtime"), modified)
                    if any(key.startswith(b"GNU.sparse") for key in found):
                        raise bad("a file in it is sparse")
                continue
            if size is not None:
                entry_size = size
            if kind in (b"\0", b"7"):
                kind = FILE
            own_name = _text(record[0:100])
            if record[257:263] == b"ustar\0" and record[345]:
                own_name = _text(record[345:500]) + b"/" + own_name
            self._left = entry_size if kind == FILE else 0
            self._padding = -self._left % RECORD
            return Entry(
                kind,
                own_name if name is None else name,
                self._left,
                _number(record[100:108]),
                _number(record[136:148]) if modified is None else modified,
                _text(record[157:257]) if target is None else target,
            )

    def content(self, most):
        """Some of the current entry's content, at most so many bytes; nothing at its end."""
        count = min(most, self._left)
        data = self._exactly(count)
        self._left -= count
        return data

    def _pass_over(self):
        while self._left:
            self.content(1 << 20)
        self._exactly(self._padding)
        self._padding = 0

    def _exactly(self, count):
        data = self._read(count) if count else b""
        if len(data) != count:
            raise bad("it ends in the middle")
        return data

    def _check(self, record):
        said = record[148:156].strip(b" \0")
        if b"%o" % (sum(record[:148]) + 8 * 32 + sum(record[156:])) != said.lstrip(b"0"):
            raise bad("it is no tar archive, or damaged (a checksum is wrong)")
        return record[156:157], _number(record[124:136])


def _text(field):
    return bytes(field).split(b"\0")[0]


def _number(field):
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = bytes(field).strip(b" \0")
    try:
        number = int(text, 8) if text else 0
    except ValueError:
        raise bad("a number in it cannot be read")
    if number < 0:
        raise bad("a number in it is below 0")
    return number


def _decimal(text, otherwise):
    if text is None:
        return otherwise
    whole = text.split(b".")[0]
    if not whole.isdigit() or len(whole) > 18:
        # Times before 1970 are nothing that a file here needs.
        if whole[:1] == b"-" and whole[1:].isdigit():
            return 0
        raise bad("a number in it cannot be read")
    return int(whole)


def _pax(text):
    found, at = {}, 0
    while at < len(text):
        space = text.find(b" ", at, at + 8)
        length = int(text[at:space]) if space > at and text[at:space].isdigit() else 0
        key, separator, value = text[space + 1:at + length - 1].partition(b"=")
        if length < 5 or at + length > len(text) or not separator:
            raise bad("a header in it cannot be read")
        found[key] = value
        at += length
    return found
