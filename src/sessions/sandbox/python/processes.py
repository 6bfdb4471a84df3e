"""Processes of a session: started, written to, read from, signalled, reaped. Used by the loop of the init."""
import errno
import os
import selectors
import signal
import time

import cgroups
import files
import frames
import limits

READ = 65536
# Seconds after a process' end in which what it has written may still come out of a pipe that others hold open.
GRACE = 0.2
# Bytes for one process' input that wait here, at most.
MOST_INPUT = 16 * 2**20
# Output that is taken from a session's processes in a span of so many seconds, in bytes; whoever writes more waits. It is
# more than anybody reads, and leaves the worker to others.
SPAN = 0.1
MOST_OUTPUT = 4 * 2**20
_SIGNALS = frozenset(("SIGINT", "SIGTERM", "SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT", "SIGQUIT"))


class Process:
    """One that was started, until its end was told. Its process group is its pid."""

    def __init__(self, number, pid, oom_kills):
        self.number = number
        self.pid = pid
        self.pipes = {}  # Name to descriptor, of those that are open.
        self.stdin = None
        self.input = []  # [memoryview, number of the call, length of it]
        self.closes_input = False
        self.status = None
        self.deadline = None
        self.limit = None
        self.oom_kills = oom_kills


class Processes:
    """`init` gives `send`, `selector`, `pending`, `spec`, `root_fd`, `watch`."""

    def __init__(self, init):
        self.init = init
        self.by_pid = {}
        self.by_number = {}
        self.helpers = {}
        self.starting = 0
        self.abandoned = []  # Pipes that others hold open after their process' end: they are emptied, and not told.
        self.is_backlogged = False
        self.rests_until = None
        self.span_end = 0.0
        self.span_bytes = 0

    @property
    def paused(self):
        """Nothing is read from processes now."""
        return self.is_backlogged or self.rests_until is not None

    # ---- asked by the worker

    def do_spawn(self, header, _body):
        """Starts `argv` in `cwd` with `env`, as `process`, a new number. Answered once it runs or cannot."""
        number, argv, cwd = header["process"], header["argv"], header["cwd"]
        if not argv or any("\0" in one for one in argv) or "\0" in cwd:
            raise files.FileError("invalid", "a program and its arguments must be there, without NUL characters")
        if cwd.startswith("/") or ".." in cwd.split("/"):
            raise files.FileError("forbidden", "cwd %r: give a path below the session's directory" % cwd)
        pairs = [os.pipe() for _ in range(3)]
        status_read, status_write = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            for pair in pairs + [(status_read, status_write)]:
                os.close(pair[0])
                os.close(pair[1])
            if error.errno == errno.EAGAIN:
                raise files.FileError("limit", "the session is at its limit of %d processes: end some of them"
                                      % self.init.spec["limits"]["processes"])
            raise
        if pid == 0:
            self._child(argv, cwd, header["env"], [pairs[0][0], pairs[1][1], pairs[2][1]], status_write)
        for descriptor in (pairs[0][0], pairs[1][1], pairs[2][1], status_write):
            os.close(descriptor)
        process = Process(number, pid, self.init.watch.oom_kills())
        self.by_pid[pid] = process
        self.starting += 1
        process.stdin = pairs[0][1]
        process.pipes = {"stdout": pairs[1][0], "stderr": pairs[2][0]}
        for descriptor in (process.stdin, pairs[1][0], pairs[2][0], status_read):
            os.set_blocking(descriptor, False)
        call = header["id"]
        self.init.selector.register(status_read, selectors.EVENT_READ,
                                    lambda _: self._started(process, call, argv, cwd, status_read))

    def _child(self, argv, cwd, env, descriptors, status_write):
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            self.init.leave((self.init.root_fd, status_write))
            spec = self.init.spec
            limits.before_exec(spec["limits"], spec["counters"], spec.get("workspace", False))
            what = b"c"
            os.fchdir(self.init.root_fd)
            os.chdir(cwd)
            what = b"x"
            environment = dict(spec["environment"])
            environment.update(env)
            os.execvpe(argv[0], argv, environment)
        except OSError as error:
            os.write(status_write, what + (b"%d" % (error.errno or 0)))
        except BaseException as error:
            os.write(status_write, b"x0" + str(error).encode("utf-8", "replace")[:200])
        finally:
            os._exit(127)

    def _started(self, process, call, argv, cwd, status_read):
        try:
            said = os.read(status_read, 512)
        except BlockingIOError:
            return
        self.init.selector.unregister(status_read)
        os.close(status_read)
        self.starting -= 1
        if not said:
            self.by_number[process.number] = process
            self.init.send({"id": call, "process": process.number})
            if not self.paused:
                self._listen(process)
            self._finish(process)
            return
        for descriptor in [process.stdin] + list(process.pipes.values()):
            os.close(descriptor)
        process.number = process.stdin = None
        process.pipes = {}
        number = int(said[1:].split(b" ")[0]) if said[1:].isdigit() else 0
        if said[:1] == b"c":
            code, what = "not_found", "cwd %r: %s" % (cwd, os.strerror(number))
        else:
            code = "not_found" if number in (errno.ENOENT, errno.ENOTDIR) else "failed"
            what = "%s: %s" % (argv[0], os.strerror(number) if number else said[2:].decode("utf-8", "replace"))
        self.init.send({"id": call, "error": code, "message": "it could not be started: " + what})

    def do_input(self, header, body):
        """Writes `body` to the input of `process`. Answered once it was taken."""
        process = self.by_number.get(header["process"])
        if process is None or process.status is not None:
            raise files.FileError("failed", "the process is over: it takes no input")
        if process.stdin is None or process.closes_input:
            raise files.FileError("failed", "the input of the process is closed")
        if sum(len(one[0]) for one in process.input) + len(body) > MOST_INPUT:
            raise files.FileError("limit", "more than %d bytes wait for this process to read them" % MOST_INPUT)
        process.input.append([memoryview(body), header["id"], len(body)])
        self._write(process)

    def do_close_input(self, header, _body):
        """Closes the input of `process` after what was written."""
        process = self.by_number.get(header["process"])
        if process is not None and process.stdin is not None:
            process.closes_input = True
            self._write(process)

    def do_kill(self, header, _body):
        """Sends `signal` to the process group of `process`."""
        process = self.by_number.get(header["process"])
        if header["signal"] not in _SIGNALS or process is None or process.status is not None:
            return
        try:
            os.killpg(process.pid, getattr(signal, header["signal"]))
        except OSError:
            pass  # It is over, and not yet reaped.

    # ---- input and output

    def _write(self, process):
        while process.input:
            view, call, length = process.input[0]
            try:
                count = os.write(process.stdin, view) if len(view) else 0
            except BlockingIOError:
                if process.stdin not in self.init.selector.get_map():
                    self.init.selector.register(process.stdin, selectors.EVENT_WRITE, lambda _: self._write(process))
                return
            except OSError:
                self._close_input(process)
                return
            if count < len(view):
                process.input[0][0] = view[count:]
                continue
            del process.input[0]
            self.init.send({"id": call, "bytes": length})
        if process.closes_input:
            self._close_input(process)
        elif process.stdin in self.init.selector.get_map():
            self.init.selector.unregister(process.stdin)

    def _close_input(self, process):
        if process.stdin is None:
            return
        if process.stdin in self.init.selector.get_map():
            self.init.selector.unregister(process.stdin)
        os.close(process.stdin)
        process.stdin = None
        for _, call, _ in process.input:
            self.init.send({"id": call, "error": "failed", "message": "the process has closed its input"})
        process.input = []

    def _listen(self, process):
        for name, descriptor in process.pipes.items():
            self.init.selector.register(
                descriptor, selectors.EVENT_READ,
                lambda _, name=name, descriptor=descriptor: self._read(process, name, descriptor),
            )

    def _read(self, process, name, descriptor):
        """One piece of output. Returns whether there may be more."""
        try:
            data = os.read(descriptor, READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self.init.send({"event": "output", "process": process.number, "stream": name}, data)
            self._spend(len(data))
            return True
        self._unlisten(descriptor)
        os.close(descriptor)
        del process.pipes[name]
        self._finish(process)
        return False

    def _unlisten(self, descriptor):
        if descriptor in self.init.selector.get_map():
            self.init.selector.unregister(descriptor)

    def pause(self, wanted):
        """Leaves output in the pipes while the worker does not take what it was sent: processes wait, then."""
        if wanted != self.is_backlogged:
            self._change(lambda: setattr(self, "is_backlogged", wanted))

    def _spend(self, count):
        """Rests until the end of the span where too much came in it."""
        now = time.monotonic()
        if now >= self.span_end:
            self.span_end, self.span_bytes = now + SPAN, 0
        self.span_bytes += count
        if self.span_bytes > MOST_OUTPUT and self.rests_until is None:
            self._change(lambda: setattr(self, "rests_until", self.span_end))

    def _change(self, change):
        before = self.paused
        change()
        if self.paused == before:
            return
        for process in self.by_number.values():
            if self.paused:
                for descriptor in process.pipes.values():
                    self._unlisten(descriptor)
            elif process.number is not None:
                self._listen(process)

    # ---- the end

    def reap(self):
        """Whatever has ended, orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.helpers.pop(pid, None)
            process = self.by_pid.pop(pid, None)
            if process is not None:
                process.status = status
                process.deadline = time.monotonic() + GRACE
                self._close_input(process) if process.number is not None else None
                self._finish(process)

    def _finish(self, process, is_late=False):
        """Tells the end of a process once all of its output was told."""
        if process.status is None or process.number not in self.by_number:
            return
        if process.pipes and not is_late:
            return
        del self.by_number[process.number]
        for descriptor in process.pipes.values():
            self._unlisten(descriptor)
            self.abandoned.append(descriptor)
        event = {"event": "exit", "process": process.number}
        signalled = os.WIFSIGNALED(process.status)
        if signalled:
            event["signal"] = _name(os.WTERMSIG(process.status))
        else:
            event["exitCode"] = os.WEXITSTATUS(process.status)
        limit = self._limit_of(process, signalled)
        if limit:
            event["limit"] = limit
        self.init.send(event)

    def _limit_of(self, process, signalled):
        if not process.status:
            return None
        if process.limit:
            return process.limit
        if signalled and os.WTERMSIG(process.status) == signal.SIGXCPU:
            return "cpu"
        if signalled and os.WTERMSIG(process.status) == signal.SIGXFSZ:
            return "disk"
        return "memory" if self.init.watch.oom_kills() > process.oom_kills else None

    def tick(self, now):
        """What has waited for its time."""
        if self.rests_until is not None and now >= self.rests_until:
            self._change(lambda: setattr(self, "rests_until", None))
        for process in list(self.by_number.values()):
            if process.deadline is not None and process.deadline <= now and not self.paused:
                for name, descriptor in list(process.pipes.items()):
                    # What was in the pipe at its end belongs to it; an endless writer does not hold that up.
                    for _ in range(32):
                        if not self._read(process, name, descriptor):
                            break
                self._finish(process, is_late=True)
        for descriptor in list(self.abandoned):
            try:
                if os.read(descriptor, 4 * READ):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            os.close(descriptor)
            self.abandoned.remove(descriptor)

    def next_deadline(self):
        """When `tick` is wanted for an end, or to go on; None: not at all."""
        if self.paused:
            return self.rests_until
        return min((one.deadline for one in self.by_number.values() if one.deadline is not None), default=None)

    def is_busy(self):
        """Whether anything of the session runs, daemons too."""
        if self.by_pid or self.by_number or self.helpers or self.starting:
            return True
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return True
        except ChildProcessError:
            return False

    def count(self):
        """Of those that were started and have not ended."""
        return len(self.by_pid)

    def blame(self, limit, pid=None):
        """Remembers which limit ends the process with `pid`, or whoever is the leader of its session; all without one."""
        for process in self.by_pid.values():
            if pid is None or pid == process.pid or _session(pid) == process.pid:
                process.limit = limit

    # ---- helpers

    def helper(self, work, on_frame):
        """
        Runs `work() -> (header, body)` in a child without the connection; `on_frame` gets the two, or (None, b"") where
        it ended without. Raises OSError where there can be no child.
        """
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                self.init.close_in_child()
                # Whose input is closed meanwhile is to see its end.
                for process in self.by_pid.values():
                    if process.stdin is not None:
                        os.close(process.stdin)
                header, body = work()
                for piece in frames.encode(header, body):
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(write, view):]
            finally:
                os._exit(0)
        self.helpers[pid] = True
        os.close(write)
        os.set_blocking(read, False)
        parser = frames.Parser()

        def on_read(_):
            try:
                ended, frame = parser.receive(lambda view: os.readv(read, [view]))
            except BlockingIOError:
                return
            except frames.BadFrame:
                ended, frame = True, None
            if frame is None and not ended:
                return
            self.init.selector.unregister(read)
            os.close(read)
            on_frame(*(frame or (None, b"")))

        self.init.selector.register(read, selectors.EVENT_READ, on_read)
        return pid


def _name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


def _session(pid):
    try:
        return os.getsid(pid)
    except OSError:
        return -1
