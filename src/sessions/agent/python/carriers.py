"""Who is connected to the daemon: clients (one for each process of the coordinator that uses the session), and what carries them."""
import collections
import json
import selectors
import time

import frames
import streams

_READ = 262144
# Bytes that wait to be written to a carrier, beyond which no more is packed.
_WAITING = 65536
# Output of processes goes out while no more than this of a client's first stream is on its way: answers are not to wait for it.
_OUTPUT = 131072
_PIECE = 32768


class Client:
    """One that has introduced itself. `following`: number of a process to [stdout told, stderr told, end told]."""

    def __init__(self, name, on_frame):
        self.name = name
        self.carriers = set()
        self.heard = self.left = time.monotonic()
        self.is_attached = False
        self.following = {}
        self.dirty = {}  # Numbers of processes that have something to tell, in turns.
        self.calls = {}  # (stream, id of the call) to the daemon's number of it.
        self.streams = [streams.Stream(number, lambda header, body, number=number: on_frame(self, number, header, body))
                        for number in range(2)]

    def is_fresh(self, now):
        """It takes what it is told: processes may wait for it."""
        return self.is_attached and bool(self.carriers) and now - self.heard < 15


class Carrier:
    """One connection of a relay."""

    def __init__(self, daemon, connection):
        self.daemon = daemon
        self.connection = connection
        self.client = None
        self.heard = time.monotonic()
        self.unpacker = streams.Unpacker()
        self.outgoing = collections.deque()
        self.waiting = 0
        self.is_writing = False
        self.is_over = False
        connection.setblocking(False)
        daemon.selector.register(connection, selectors.EVENT_READ, self._on_ready)

    def send(self, data):
        """Queues bytes."""
        self.outgoing.append(memoryview(data))
        self.waiting += len(data)

    def close(self):
        """Whoever is at its other end goes."""
        if self.is_over:
            return
        self.is_over = True
        self.daemon.selector.unregister(self.connection)
        self.connection.close()
        self.daemon.carriers.discard(self)
        if self.client:
            self.client.carriers.discard(self)
            self.client.left = time.monotonic()
            for stream in self.client.streams:
                if stream.carrier is self:
                    stream.carrier = None

    def _on_ready(self, events):
        try:
            if events & selectors.EVENT_READ:
                data = self.connection.recv(_READ)
                if not data:
                    self.close()
                    return
                self.heard = time.monotonic()
                for one in self.unpacker.feed(data):
                    self._take(*one)
                    if self.is_over:
                        return
                self._tell()
            self.flush()
        except BlockingIOError:
            pass
        except (OSError, ValueError, LookupError, TypeError, streams.BadPacket, frames.BadFrame):
            # It may say anything; others are not to suffer from it.
            self.close()

    def _take(self, kind, number, received, payload):
        client = self.client
        if kind == streams.HELLO and client is None:
            self.client = client = self.daemon.welcome(self, json.loads(payload))
        elif client is None or kind == streams.BYE:
            self.close()
        elif kind == streams.PING:
            self._tell(True)
            self.send(streams.packet(streams.PONG, payload=payload))
        else:
            stream = client.streams[number]
            if kind == streams.BIND:
                before = stream.carrier
                stream.resume(self, received)
                self.send(streams.packet(streams.BIND, number, stream.received))
                if before not in (None, self) and all(one.carrier is not before for one in client.streams):
                    before.close()
            elif stream.carrier is self:
                stream.acknowledged(received)
                if kind == streams.DATA:
                    stream.data(payload)
        client.heard = self.heard

    def _tell(self, all_of_it=False):
        """What was received, where it is much."""
        for stream in self.client.streams if self.client else ():
            if stream.carrier is self and stream.received - stream.told >= (1 if all_of_it else streams.TELL):
                stream.told = stream.received
                self.send(streams.packet(streams.ACK, stream.number, stream.received))

    def flush(self):
        """Writes what there is, as long as it is taken."""
        while not self.is_over:
            while self.waiting < _WAITING:
                data = self._next()
                if data is None:
                    break
                self.send(data)
            if not self.outgoing:
                break
            try:
                count = self.connection.send(self.outgoing[0])
            except BlockingIOError:
                break
            except OSError:
                self.close()
                return
            self.waiting -= count
            if count == len(self.outgoing[0]):
                self.outgoing.popleft()
            else:
                self.outgoing[0] = self.outgoing[0][count:]
        if self.daemon.processes.is_backlogged:
            self.daemon.pace()
        if not self.is_over and bool(self.outgoing) != self.is_writing:
            self.is_writing = not self.is_writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.is_writing else 0)
            self.daemon.selector.modify(self.connection, events, self._on_ready)

    def _next(self):
        """The next packet: answers first, then output of processes, then what is large."""
        if self.client is None:
            return None
        first, second = self.client.streams
        if first.carrier is self:
            data = first.take()
            if data is None and first.outstanding < _OUTPUT and self.client.dirty:
                frame = self.daemon.next_output(self.client, _PIECE)
                if frame is not None:
                    first.queue(frame)
                    data = first.take()
            if data is not None:
                return data
        return second.take() if second.carrier is self else None
