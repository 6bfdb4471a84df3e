"""
The init of one session: PID 1 of its namespaces. It does the file operations, starts the session's processes and passes
their output on, by frames over one socket to the worker. One thread, one loop.

File operations are `files.handle(op, input, body, root_fd, limits) -> (output, body or None)`; `limits` has `disk_bytes`
(of the session), `disk_free` (what is left of them by the last look), `memory_bytes`, and `spool_fd`: a directory that the
session's processes cannot reach, for archives. Those named in `files.LONG` run in a forked child, which has no socket; it
writes its answer, one frame, into a pipe, and the init passes it on.
"""
import errno
import os
import selectors
import signal
import socket

import files
import frames
import processes


class Init:
    """`connection` is the connected socket to the worker; `spec` as the launcher has it."""

    def __init__(self, connection, spec, root_fd, spool_fd):
        self.connection = connection
        self.spec = spec
        self.root_fd = root_fd
        self.limits = {
            "disk_bytes": spec["limits"]["diskBytes"], "disk_free": spec["limits"]["diskBytes"],
            "memory_bytes": spec["limits"]["memoryBytes"], "spool_fd": spool_fd,
        }
        self.selector = selectors.DefaultSelector()
        self.parser = frames.Parser()
        self.outgoing = []
        self.pending = 0
        self.processes = processes.Processes(self)

    def run(self):
        """Until the connection is closed."""
        self.connection.setblocking(False)
        self.selector.register(self.connection, selectors.EVENT_READ, self._on_connection)
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(wake_read, selectors.EVENT_READ, lambda events: self._on_wake(wake_read))
        while True:
            for key, events in self.selector.select(self.processes.timeout()):
                key.data(events)
            self.processes.tick()

    def send(self, header, body=b""):
        """Queues one frame."""
        for piece in frames.encode(header, body):
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
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outgoing else 0)
        self.selector.modify(self.connection, wanted, self._on_connection)

    def _on_wake(self, descriptor):
        try:
            os.read(descriptor, 4096)
        except BlockingIOError:
            pass
        self.processes.reap()

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
                self._request(*frame)

    def _request(self, header, body):
        call, op = header.get("id"), header["op"]
        try:
            if op == "file":
                self._file(call, header["name"], header["input"], body)
                return
            answer = getattr(self.processes, "do_" + op)(header, body)
        except files.FileError as error:
            answer = {"error": error.code, "message": error.message}
        except OSError as error:
            answer = {"error": "failed", "message": "%s %s: %s" % (op, error.filename or "", error.strerror)}
        except Exception as error:  # The session goes on: this call alone has failed.
            answer = {"error": "internal", "message": "%s: %s: %s" % (op, type(error).__name__, error)}
        if call is not None and answer is not None:
            self.send(dict(answer, id=call))

    def _file(self, call, name, input, body):
        if name in files.LONG:
            self.processes.fork_answer(call, lambda: self._answer(name, input, body))
            return
        header, answer_body = self._answer(name, input, body)
        self.send(dict(header, id=call), answer_body)

    def _answer(self, name, input, body):
        try:
            output, answer_body = files.handle(name, input, body, self.root_fd, self.limits)
            return {"output": output}, answer_body or b""
        except files.FileError as error:
            return {"error": error.code, "message": error.message}, b""
        except OSError as error:
            code = {errno.ENOENT: "not_found", errno.ENOSPC: "limit", errno.EDQUOT: "limit", errno.EFBIG: "limit",
                    errno.EXDEV: "forbidden"}.get(error.errno, "failed")
            return {"error": code, "message": "%s: %s" % (name, error.strerror)}, b""
        except Exception as error:
            return {"error": "internal", "message": "%s: %s: %s" % (name, type(error).__name__, error)}, b""
