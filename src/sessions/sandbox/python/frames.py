"""Frames between the worker and its processes here: two lengths (32 bit, big endian), a JSON object, raw bytes."""
import json
import struct

LENGTHS = struct.Struct(">II")
MAX_HEADER = 16 * 2**20
MAX_BODY = 64 * 2**20


class BadFrame(Exception):
    """What came is no frame of ours: the connection is of no use any more."""


def encode(header, body=b""):
    """
    The pieces to send, in order: `header` is an object of JSON, `body` bytes. The body is not copied. Raises BadFrame where
    that is too long.
    """
    # Names of files are bytes: what is no UTF-8 travels as surrogates, which ASCII JSON can carry.
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_HEADER or len(body) > MAX_BODY:
        raise BadFrame("a frame of %d and %d bytes" % (len(text), len(body)))
    start = LENGTHS.pack(len(text), len(body)) + text
    return [start, body] if body else [start]


class Parser:
    """Makes frames of bytes as they come. Bodies are received into a buffer of their own size."""

    def __init__(self):
        self._lengths = bytearray()
        self._header = None
        self._target = memoryview(bytearray(LENGTHS.size))
        self._filled = 0
        self._stage = 0
        self._body_length = 0

    def receive(self, read_into):
        """
        One read by `read_into(memoryview) -> count`; 0 is the end.
        Returns (ended, frame or None), where a frame is (header, body). Raises BadFrame.
        """
        count = read_into(self._target[self._filled:])
        if count == 0:
            return True, None
        self._filled += count
        if self._filled < len(self._target):
            return False, None
        return False, self._advance()

    def _expect(self, stage, length):
        self._stage = stage
        self._target = memoryview(bytearray(length))
        self._filled = 0

    def _advance(self):
        data = self._target
        if self._stage == 0:
            header_length, self._body_length = LENGTHS.unpack(data)
            if not 2 <= header_length <= MAX_HEADER or self._body_length > MAX_BODY:
                raise BadFrame("a frame of %d and %d bytes" % (header_length, self._body_length))
            self._expect(1, header_length)
            return None
        if self._stage == 1:
            try:
                header = json.loads(bytes(data))
            except ValueError as error:
                raise BadFrame("a header that is no JSON: %s" % error)
            if not isinstance(header, dict):
                raise BadFrame("a header that is no object")
            if self._body_length:
                self._header = header
                self._expect(2, self._body_length)
                return None
            self._expect(0, LENGTHS.size)
            return header, b""
        header = self._header
        self._header = None
        self._expect(0, LENGTHS.size)
        return header, data
