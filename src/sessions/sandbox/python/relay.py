"""
What leads from a session's loopback to the worker. It runs outside of the session, one process for each that uses it: the
session has no way to the worker's sockets, and cannot say that it is another one.
"""
import os
import selectors
import socket

import kernel

_BUFFER = 65536
# Bytes on their way in one direction of one connection. All of them together are the worker's memory, not the session's.
_MOST = 2**17
_MOST_CONNECTIONS = 256
_IDLE = 20.0


class _Side:
    """One end of a connection, and what waits to be written to it."""

    def __init__(self, one):
        self.socket = one
        self.waiting = bytearray()
        self.other = None
        self.has_ended = False  # Nothing more comes from it.
        self.is_shut = False  # Nothing more is written to it.


class Relay:
    """`listeners` are [(listening socket, path of the worker's socket)]; `greeting` the first bytes of each connection."""

    def __init__(self, listeners, greeting):
        self.selector = selectors.DefaultSelector()
        self.greeting = greeting
        self.sides = {}
        for listener, path in listeners:
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ, path)

    def run(self):
        """Until nothing came for a while: whoever has started it listens again, then."""
        while True:
            ready = self.selector.select(_IDLE)
            if not ready and not self.sides:
                return
            for key, events in ready:
                if isinstance(key.data, str):
                    self._accept(key.fileobj, key.data)
                elif key.fileobj in self.sides:
                    self._serve(key.data, events)

    def _accept(self, listener, path):
        try:
            inside, _ = listener.accept()
        except OSError:
            return
        outside = socket.socket(socket.AF_UNIX)
        # A worker that does not accept is away.
        outside.settimeout(5)
        try:
            if len(self.sides) >= 2 * _MOST_CONNECTIONS:
                raise OSError("too many connections")
            outside.connect(path)
            outside.sendall(self.greeting)
        except OSError:
            inside.close()
            outside.close()
            return
        one, two = _Side(inside), _Side(outside)
        one.other, two.other = two, one
        for side in (one, two):
            side.socket.setblocking(False)
            self.sides[side.socket] = side
            self.selector.register(side.socket, selectors.EVENT_READ, side)

    def _serve(self, side, events):
        try:
            if events & selectors.EVENT_WRITE:
                self._write(side)
            if events & selectors.EVENT_READ and not side.has_ended:
                data = side.socket.recv(_BUFFER)
                if data:
                    side.other.waiting += data
                else:
                    side.has_ended = True
                self._write(side.other)
            if side.is_shut and side.other.is_shut:
                self._close(side)
                return
            self._watch(side)
            self._watch(side.other)
        except BlockingIOError:
            pass
        except OSError:
            self._close(side)

    def _write(self, side):
        while side.waiting:
            try:
                count = side.socket.send(side.waiting)
            except BlockingIOError:
                return
            del side.waiting[:count]
        if side.other.has_ended and not side.is_shut:
            side.is_shut = True
            side.socket.shutdown(socket.SHUT_WR)

    def _watch(self, side):
        events = selectors.EVENT_WRITE if side.waiting else 0
        if not side.has_ended and len(side.other.waiting) < _MOST:
            events |= selectors.EVENT_READ
        known = self.selector.get_map().get(side.socket)
        if events and known is None:
            self.selector.register(side.socket, events, side)
        elif events and known.events != events:
            self.selector.modify(side.socket, events, side)
        elif not events and known is not None:
            self.selector.unregister(side.socket)

    def _close(self, side):
        for one in (side, side.other):
            if self.sides.pop(one.socket, None):
                if one.socket in self.selector.get_map():
                    self.selector.unregister(one.socket)
                one.socket.close()


def start(listeners, session, leave):
    """
    Forks the relay of `session`. `listeners` are [(descriptor of a listening socket, path)]; `leave(descriptors)` closes all
    others. Returns its pid.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        parent = os.getppid()
        leave([descriptor for descriptor, _ in listeners])
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
        if os.getppid() == parent:
            sockets = [(socket.socket(fileno=descriptor), path) for descriptor, path in listeners]
            Relay(sockets, session.encode() + b"\n").run()
    except BaseException as error:
        os.write(2, ("relay of %s: %s: %s\n" % (session, type(error).__name__, error)).encode())
    finally:
        os._exit(0)
