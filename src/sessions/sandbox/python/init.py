"""
The init of one session: PID 1 of its namespaces. It does the file operations, starts the session's processes and passes
their output on, by frames over one socket to the worker. One thread, one loop.

File operations are `files.handle(op, input, body, root_fd, limits) -> (output, body or None)`; `limits` has `disk_bytes`
(of the session), `disk_free` (what is left of them by the last look), `memory_bytes`, and `spool_fd`: a directory that the
session's processes cannot reach, for archives. Those of which `files.is_long` says so run in a forked child, which has no socket; it
writes its answer, one frame, into a pipe, and the init passes it on. An aborted call ends its child.
"""
import errno
import os
import selectors
import signal
import time

import files
import frames
import limits
import processes

# Bytes for the worker that wait here: beyond the first, output of processes is left in their pipes.
MUCH, LITTLE = 2**20, 2**18
_ERRORS = {
    errno.ENOENT: "not_found", errno.ENOSPC: "limit", errno.EDQUOT: "limit", errno.EFBIG: "limit",
    errno.EXDEV: "forbidden", errno.ELOOP: "forbidden", errno.EACCES: "forbidden", errno.EPERM: "forbidden",
    errno.EAGAIN: "limit", errno.EMFILE: "limit", errno.ENAMETOOLONG: "invalid",
}


class Init:
    """
    `connection` is the connected socket to the worker. `spec`: `limits`, `environment`, `counters` (of the control group),
    `cpu_before_ms`, `idle_ms`, `disk_used` (None: not known), `isolated`. `opened`: descriptors `root`, `spool`, `directories`, `proc` (or None)
    and `self`, the number of this process there.
    `leave(keep)` is called in children before they become the session's; `kill_all()` ends all processes but this one.
    """

    def __init__(self, connection, spec, opened, leave, kill_all):
        self.connection = connection
        self.spec = spec
        self.root_fd = opened["root"]
        self.directories = opened["directories"]
        self.leave = leave
        self.kill_all = kill_all
        self.disk = limits.Disk(spec["limits"]["diskBytes"], spec["disk_used"] or 0, self.root_fd)
        self.watch = limits.Watch(spec["limits"], spec["counters"], opened["proc"], opened["self"],
                                  spec["cpu_before_ms"])
        self.file_limits = {
            "disk_bytes": spec["limits"]["diskBytes"], "disk_free": self.disk.left(),
            "memory_bytes": spec["limits"]["memoryBytes"], "spool_fd": opened["spool"], "isolated": spec["isolated"],
        }
        self.selector = selectors.DefaultSelector()
        self.parser = frames.Parser()
        self.outgoing = []
        self.pending = 0
        self.is_writing = False
        self.measurers = []  # Called after the next measurement.
        self.work = {}  # Number of a call to the pid of its child.
        self.last_call = time.monotonic()
        self.offered = False
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
            for key, events in self.selector.select(self._timeout()):
                # One of the same round may have closed it, and opened another of the same number.
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.data == key.data:
                    key.data(events)
            self._tick()

    def _timeout(self):
        now = time.monotonic()
        if not self.processes.is_busy():
            if self.offered:
                return None
            return max(0.0, self.last_call + self.spec["idle_ms"] / 1000 - now)
        moments = [self.watch.next, self.processes.next_deadline() or now + 1]
        return max(0.0, min(moments) - now)

    def _tick(self):
        now = time.monotonic()
        self.processes.tick(now)
        if not self.processes.is_busy():
            if now - self.last_call >= self.spec["idle_ms"] / 1000 and not self.offered:
                self.offered = True
                self.send(dict(self._usage(), event="idle"))
            return
        if now >= self.watch.next:
            found = self.watch.look()
            if found:
                self._end(*found)
            if self.disk.is_due(now):
                self._measure()

    def _end(self, limit, pid):
        self.processes.blame(limit, pid)
        if pid is None:
            self.kill_all()
        else:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # It was faster.

    # ---- disk

    def _measure(self, after=None):
        """Looks how much is on disk, in a child that begins now or after the one that is looking; then calls `after()`."""
        if self.disk.is_measuring:
            if after:
                self.measurers.append(after)
            return
        started = time.monotonic()
        self.disk.begin()

        def done(header, _):
            if header:
                is_over = self.disk.measured(header["used"], time.monotonic() - started)
                if is_over:
                    self._end("disk", None)
            # A child that was killed has seen nothing: what was thought before is thought still.
            self.disk.is_measuring = False
            if after:
                after()
            waiting, self.measurers = self.measurers, []
            if waiting:
                self._measure(lambda: [one() for one in waiting])

        try:
            self.processes.helper(lambda: ({"used": limits.measure(self.directories)}, b""), done)
        except OSError:
            done(None, b"")

    def _usage(self):
        return {"cpuMs": self.watch.cpu_ms(), "memoryBytes": self.watch.memory_bytes(),
                "diskBytes": self.disk.at_most(), "processes": self.processes.count()}

    def do_usage(self, header, _body):
        """What the session uses."""
        self._measure(lambda: self.send(dict(self._usage(), id=header["id"])))

    # ---- the connection

    def send(self, header, body=b""):
        """Queues one frame."""
        try:
            pieces = frames.encode(header, body)
        except frames.BadFrame as error:
            pieces = frames.encode({"id": header.get("id"), "error": "limit",
                                    "message": "the answer would be %s: ask for less" % error})
        for piece in pieces:
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

    # ---- calls

    def _request(self, header, body):
        call, op = header.get("id"), header["op"]
        if op == "end":
            os._exit(0)
        self.last_call = time.monotonic()
        self.offered = False
        if op == "abort":
            pid = self.work.get(header["call"])
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            return
        try:
            if op == "file":
                self._file(call, header["name"], header["input"], body)
                return
            if op == "spawn" and self.watch.cpu_ms() >= self.spec["limits"]["cpuMs"]:
                raise files.FileError("limit", "the session has used its CPU time: make another one")
            owner = self if op == "usage" else self.processes
            answer = getattr(owner, "do_" + op)(header, body)
        except Exception as error:
            answer = failure(op, error)
        if call is not None and answer is not None:
            self.send(dict(answer, id=call))

    def _file(self, call, name, input, body, is_measured=False):
        # Before something is refused that may have room, for what was written lately may have taken the place of something.
        is_doubtful = len(body) > self.disk.left() and self.disk.is_worth_a_look()
        if not is_measured and (is_doubtful or self.spec["disk_used"] is None):
            self.spec["disk_used"] = self.disk.used
            self._measure(lambda: self._file(call, name, input, body, True))
            return
        self.file_limits["disk_free"] = self.disk.left()
        if not files.is_long(name, input):
            header, answer_body = self._answer(name, input, body)
            if "error" not in header:
                self.disk.wrote(len(body))
            self.send(dict(header, id=call), answer_body)
            if body and self.disk.is_due(time.monotonic()):
                self._measure()
            return

        def done(header, answer_body):
            del self.work[call]
            self.send(dict(header or {"error": "failed", "message": "%s was ended before it was done" % name}, id=call),
                      answer_body)
            if name == "unpack":
                self._measure()

        try:
            self.work[call] = self.processes.helper(lambda: self._answer(name, input, body, True), done)
        except OSError as error:
            self.send(dict(failure(name, error), id=call))

    def _answer(self, name, input, body, is_child=False):
        try:
            if is_child:
                files.enter_child(name)
            output, answer_body = files.handle(name, input, body, self.root_fd, self.file_limits)
            return {"output": output}, answer_body or b""
        except Exception as error:
            return failure(name, error), b""


def failure(what, error):
    """The answer that tells of an exception."""
    if isinstance(error, files.FileError):
        return {"error": error.code, "message": error.message}
    if isinstance(error, OSError):
        return {"error": _ERRORS.get(error.errno, "failed"), "message": "%s: %s" % (what, error.strerror or error)}
    return {"error": "internal", "message": "%s: %s: %s" % (what, type(error).__name__, error)}
