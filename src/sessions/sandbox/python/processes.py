"""Processes of a session: started, read from, written to, reaped. Used by the loop of the init."""
import os
import selectors
import signal

import frames

READ = 65536


class Processes:
    """`init` gives `send`, `selector`, `spec`."""

    def __init__(self, init):
        self.init = init
        self.running = {}
        self.answers = {}
        self.next = 1

    def timeout(self):
        """Seconds until `tick` is wanted."""
        return 0.2 if self.running else None

    def tick(self):
        pass

    def do_spawn(self, header, _body):
        """Starts `argv` in `cwd` with `env`. Answers its number."""
        stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            self._child(header, (stdin[0], stdout[1], stderr[1]))
        for descriptor in (stdin[0], stdout[1], stderr[1]):
            os.close(descriptor)
        number = self.next
        self.next += 1
        process = {"number": number, "pid": pid, "stdin": stdin[1], "open": 2, "status": None}
        self.running[pid] = process
        os.close(stdin[1])
        for name, descriptor in (("stdout", stdout[0]), ("stderr", stderr[0])):
            os.set_blocking(descriptor, False)
            self.init.selector.register(descriptor, selectors.EVENT_READ, self._reader(process, name, descriptor))
        return {"process": number}

    def _child(self, header, descriptors):
        try:
            os.setsid()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            signal.set_wakeup_fd(-1)
            for one in range(1, signal.NSIG):
                try:
                    signal.signal(one, signal.SIG_DFL)
                except (OSError, ValueError):
                    pass
            os.fchdir(self.init.root_fd)
            os.chdir(header["cwd"])
            environment = dict(self.init.spec["environment"], **header["env"])
            os.execvpe(header["argv"][0], header["argv"], environment)
        except BaseException as error:
            os.write(2, ("%s: %s\n" % (header["argv"][0], error)).encode("utf-8", "replace"))
        finally:
            os._exit(127)

    def _reader(self, process, name, descriptor):
        def read(_events):
            try:
                data = os.read(descriptor, READ)
            except BlockingIOError:
                return
            if data:
                self.init.send({"event": "output", "process": process["number"], "stream": name}, data)
                return
            self.init.selector.unregister(descriptor)
            os.close(descriptor)
            process["open"] -= 1
            self._finish(process)
        return read

    def _finish(self, process):
        if process["status"] is None or process["open"]:
            return
        status = process["status"]
        event = {"event": "exit", "process": process["number"]}
        if os.WIFSIGNALED(status):
            event["signal"] = signal.Signals(os.WTERMSIG(status)).name
        else:
            event["exitCode"] = os.WEXITSTATUS(status)
        self.init.send(event)

    def reap(self):
        """Whatever has ended, orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            process = self.running.pop(pid, None)
            if process:
                process["status"] = status
                self._finish(process)

    def fork_answer(self, call, work):
        """Runs `work() -> (header, body)` in a child, and answers `call` with what it says."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self.init.connection.close()
                os.close(read)
                header, body = work()
                for piece in frames.encode(header, body):
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(write, view):]
            finally:
                os._exit(0)
        os.close(write)
        os.set_blocking(read, False)
        parser = frames.Parser()

        def on_read(_events):
            try:
                ended, frame = parser.receive(lambda view: os.readv(read, [view]))
            except BlockingIOError:
                return
            if frame:
                self.init.send(dict(frame[0], id=call), frame[1])
            elif ended:
                self.init.send({"id": call, "error": "failed", "message": "it was ended before it was done"})
            else:
                return
            self.init.selector.unregister(read)
            os.close(read)

        self.init.selector.register(read, selectors.EVENT_READ, on_read)
