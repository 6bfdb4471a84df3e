"""
What carries out a session's calls: file operations, processes, usage, by frames that come from somewhere (`init.py`: one
socket; a workspace's daemon: several). One thread, one loop.

File operations are `files.handle(op, input, body, root_fd, limits) -> (output, body or None)`; `limits` has `disk_bytes`
(of the session), `disk_free` (what is left of them by the last look), `memory_bytes`, and `spool_fd`: a directory that the
session's processes cannot reach, for archives. Those of which `files.is_long` says so run in a forked child, which has no socket; it
writes its answer, one frame, into a pipe, and that is passed on. An aborted call ends its child.
"""
import errno
import os
import resource
import selectors
import signal
import time

import files
import frames
import limits
import processes

_ERRORS = {
    errno.ENOENT: "not_found", errno.ENOSPC: "limit", errno.EDQUOT: "limit", errno.EFBIG: "limit",
    errno.EXDEV: "forbidden", errno.ELOOP: "forbidden", errno.EACCES: "forbidden", errno.EPERM: "forbidden",
    errno.EAGAIN: "limit", errno.EMFILE: "limit", errno.ENAMETOOLONG: "invalid",
}


class Core:
    """
    `spec`: `limits`, `environment`, `counters` (of the control group), `cpu_before_ms`, `disk_used` (None: not known),
    `isolated`, and `workspace`: it is a person's own place. `opened`: descriptors `root`, `spool`, `directories`, `proc` (or
    None) and `self`, the number of this process there.
    `leave(keep)` is called in children before they become the session's; `kill_all()` ends all processes but this one.
    Whoever inherits has `send(header, body)` and `close_in_child()`.
    """

    def __init__(self, spec, opened, leave, kill_all):
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
            "workspace": spec.get("workspace", False),
        }
        self.selector = selectors.DefaultSelector()
        self.measurers = []  # Called after the next measurement.
        self.work = {}  # Number of a call to the pid of its child.
        self.processes = processes.Processes(self)

    def serve(self):
        """For ever: what is registered is called, and ended children are waited for."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(wake_read, selectors.EVENT_READ, lambda events: self._on_wake(wake_read))
        while True:
            for key, events in self.selector.select(self.timeout(time.monotonic())):
                # One of the same round may have closed it, and opened another of the same number.
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.data == key.data:
                    key.data(events)
            self.tick(time.monotonic())

    def timeout(self, now):
        """Seconds until `tick` is wanted; None: not before something comes."""
        if not self.processes.is_busy():
            return None
        moments = [self.watch.next, self.processes.next_deadline() or now + 1]
        return max(0.0, min(moments) - now)

    def tick(self, now):
        """What has waited for its time. Returns whether anything of the session runs."""
        self.processes.tick(now)
        if not self.processes.is_busy():
            return False
        if now >= self.watch.next:
            found = self.watch.look()
            if found:
                self._end(*found)
            if self.disk.is_due(now):
                self._measure()
        return True

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
        if not self.directories:
            if after:
                after()
            return
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

    def usage(self):
        """What the session uses, by the last look at its disk."""
        return {"cpuMs": self.watch.cpu_ms(), "memoryBytes": self.watch.memory_bytes(),
                "diskBytes": self.disk.at_most(), "processes": self.processes.count()}

    def do_usage(self, header, _body):
        """What the session uses now."""
        self._measure(lambda: self.send(dict(self.usage(), id=header["id"])))

    def _on_wake(self, descriptor):
        try:
            os.read(descriptor, 4096)
        except BlockingIOError:
            pass
        self.processes.reap()

    # ---- calls

    def request(self, header, body):
        """One frame that asks for something."""
        call, op = header.get("id"), header["op"]
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
            if "error" not in header and self.directories:
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


def encoded(header, body=b""):
    """The pieces of a frame; of one that is too long, of the answer that says so."""
    try:
        return frames.encode(header, body)
    except frames.BadFrame as error:
        return frames.encode({"id": header.get("id"), "error": "limit",
                              "message": "the answer would be %s: ask for less" % error})


def keep(descriptors):
    """Closes all but these and the standard three."""
    low = 3
    for descriptor in sorted(descriptors):
        if descriptor >= low:
            os.closerange(low, descriptor)
            low = descriptor + 1
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(low, max(low, min(soft, 2**20)))


def failure(what, error):
    """The answer that tells of an exception."""
    if isinstance(error, files.FileError):
        return {"error": error.code, "message": error.message}
    if isinstance(error, OSError):
        return {"error": _ERRORS.get(error.errno, "failed"), "message": "%s: %s" % (what, error.strerror or error)}
    return {"error": "internal", "message": "%s: %s: %s" % (what, type(error).__name__, error)}
