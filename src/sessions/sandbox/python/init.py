"""
The init of one session: PID 1 of its namespaces. It does the file operations, starts the session's processes and passes
their output on (`core.py`), by frames over one socket to the worker.
"""
import os
import selectors
import time

import core
import frames

# Bytes for the worker that wait here: beyond the first, output of processes is left in their pipes.
MUCH, LITTLE = 2**20, 2**18


class Init(core.Core):
    """`connection` is the connected socket to the worker. `spec` has `idle_ms` besides; the rest as for `Core`."""

    def __init__(self, connection, spec, opened, leave, kill_all):
        super().__init__(spec, opened, leave, kill_all)
        self.connection = connection
        self.parser = frames.Parser()
        self.outgoing = []
        self.pending = 0
        self.is_writing = False
        self.last_call = time.monotonic()
        self.offered = False

    def run(self):
        """Until the connection is closed."""
        self.connection.setblocking(False)
        self.selector.register(self.connection, selectors.EVENT_READ, self._on_connection)
        self.serve()

    def close_in_child(self):
        """In a forked child."""
        self.connection.close()

    def timeout(self, now):
        """As `Core`; an idle session is offered to be ended."""
        wanted = super().timeout(now)
        if wanted is not None or self.offered:
            return wanted
        return max(0.0, self.last_call + self.spec["idle_ms"] / 1000 - now)

    def tick(self, now):
        """As `Core`."""
        if super().tick(now):
            return True
        if now - self.last_call >= self.spec["idle_ms"] / 1000 and not self.offered:
            self.offered = True
            self.send(dict(self.usage(), event="idle"))
        return False

    def send(self, header, body=b""):
        """Queues one frame."""
        for piece in core.encoded(header, body):
            view = memoryview(piece)
            self.outgoing.append(view)
            self.pending += len(view)
        self._flush()

    def _flush(self):
        while self.outgoing:
            try:
                count = self.connection.sendmsg(self.outgoing[:16])
            except BlockingIOError:
                break
            except OSError:
                os._exit(0)
            self.pending -= count
            while count:
                first = self.outgoing[0]
                if count >= len(first):
                    count -= len(first)
                    del self.outgoing[0]
                else:
                    self.outgoing[0] = first[count:]
                    count = 0
        wanted = bool(self.outgoing)
        if wanted != self.is_writing:
            self.is_writing = wanted
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
            self.selector.modify(self.connection, events, self._on_connection)
        if self.pending > MUCH:
            self.processes.pause(True)
        elif self.pending < LITTLE:
            self.processes.pause(False)

    def _on_connection(self, events):
        if events & selectors.EVENT_WRITE:
            self._flush()
        if not events & selectors.EVENT_READ:
            return
        for _ in range(16):
            try:
                ended, frame = self.parser.receive(self.connection.recv_into)
            except BlockingIOError:
                return
            except (OSError, frames.BadFrame):
                os._exit(0)
            if ended:
                os._exit(0)
            if frame:
                self.request(*frame)

    def request(self, header, body):
        """As `Core`."""
        if header["op"] == "end":
            os._exit(0)
        self.last_call = time.monotonic()
        self.offered = False
        super().request(header, body)
