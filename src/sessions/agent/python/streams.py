"""
Streams of bytes that outlive what carries them. Each side numbers its bytes, keeps them until the other has said that it
has them, and goes on from there on another carrier (`link/packets.ts` has the same).

A packet: type, stream, two bytes of nothing, length, how much was received of the stream, CRC-32 of all but itself.
"""
import collections
import json
import struct
import zlib

import frames

HELLO, WELCOME, BIND, DATA, ACK, PING, PONG, BYE, LOST = range(1, 10)
_START = struct.Struct(">BBxxIQ")
_CRC = struct.Struct(">I")
HEADER = _START.size + _CRC.size
# Bytes of a packet, of a stream that are on their way, and of what was received and not said.
PIECE = 32768
MOST_PAYLOAD = 65536
WINDOW = 2**19
TELL = 2**16


class BadPacket(Exception):
    """What carries it is of no use any more."""


def packet(kind, stream=0, received=0, payload=b""):
    """The bytes of one."""
    start = _START.pack(kind, stream, len(payload), received)
    return start + _CRC.pack(zlib.crc32(payload, zlib.crc32(start))) + payload


def said(kind, value):
    """One whose payload is JSON."""
    return packet(kind, payload=json.dumps(value, separators=(",", ":")).encode())


class Unpacker:
    """Makes packets of bytes as they come."""

    def __init__(self):
        self._bytes = bytearray()

    def feed(self, data):
        """[(kind, stream, received, payload)]. Raises BadPacket."""
        self._bytes += data
        found = []
        at = 0
        while len(self._bytes) - at >= HEADER:
            kind, stream, length, received = _START.unpack_from(self._bytes, at)
            if length > MOST_PAYLOAD:
                raise BadPacket("a packet of %d bytes" % length)
            if len(self._bytes) - at - HEADER < length:
                break
            payload = bytes(self._bytes[at + HEADER:at + HEADER + length])
            start = bytes(self._bytes[at:at + _START.size])
            if zlib.crc32(payload, zlib.crc32(start)) != _CRC.unpack_from(self._bytes, at + _START.size)[0]:
                raise BadPacket("a packet that was changed on its way")
            found.append((kind, stream, received, payload))
            at += HEADER + length
        del self._bytes[:at]
        return found


class Stream:
    """Both directions of one. `on_frame(header, body)` gets what comes."""

    def __init__(self, number, on_frame):
        self.number = number
        self.carrier = None
        self.received = 0
        self.told = 0
        self.acked = 0
        self.next = 0
        self.end = 0
        self._pieces = collections.deque()  # From byte `acked` on.
        self._cursor = 0  # Of these, those that were sent.
        self._parser = frames.Parser()
        self._on_frame = on_frame

    @property
    def outstanding(self):
        """Bytes that the other side has not said to have."""
        return self.end - self.acked

    def queue(self, pieces):
        """Adds bytes to be sent."""
        if sum(len(each) for each in pieces) <= PIECE:
            pieces = [b"".join(pieces)]
        for each in pieces:
            view = memoryview(each)
            for at in range(0, len(view), PIECE):
                self._pieces.append(view[at:at + PIECE])
            self.end += len(view)

    def take(self):
        """The next packet; None where there is none, or enough is on its way."""
        if self._cursor >= len(self._pieces) or self.next - self.acked >= WINDOW:
            return None
        piece = self._pieces[self._cursor]
        self._cursor += 1
        self.next += len(piece)
        self.told = self.received
        return packet(DATA, self.number, self.received, piece)

    def acknowledged(self, count):
        """The other side has the first `count` bytes."""
        if count > self.next:
            raise BadPacket("more was received than was sent")
        while self.acked < count:
            self.acked += len(self._pieces.popleft())
            self._cursor -= 1

    def resume(self, carrier, received):
        """Goes on upon `carrier`, after what the other side has received."""
        self.acknowledged(received)
        self.carrier = carrier
        self._cursor = 0
        self.next = self.acked
        self.told = self.received

    def data(self, payload):
        """Bytes that have come, in order."""
        self.received += len(payload)
        view = memoryview(payload)
        while view:
            at = 0

            def read_into(target):
                nonlocal at
                at = min(len(target), len(view))
                target[:at] = view[:at]
                return at

            _, frame = self._parser.receive(read_into)
            view = view[at:]
            if frame:
                self._on_frame(*frame)
