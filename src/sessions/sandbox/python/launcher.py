"""
The one process of ours that the worker starts: it makes the directories of sessions and forks their inits. It is asked by
frames on standard input, answers on standard output, and ends when that input ends.
"""
import os
import selectors
import shutil
import signal
import socket
import sys

import frames
import init
import kernel
import root

INSIDE_UID = 1000
DIRECTORIES = (("workspace", "/workspace"), ("home", "/home/session"), ("tmp", "/tmp"))


class Launcher:
    """`options` as the worker has them."""

    def __init__(self, options):
        self.options = options
        self.parser = frames.Parser()
        self.inits = {}

    def run(self):
        """Until the worker is gone."""
        os.makedirs(self.options["directory"], 0o700, exist_ok=True)
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector.register(wake_read, selectors.EVENT_READ)
        self.send({"event": "ready", "isolation": "full"})
        while True:
            for key, _ in selector.select():
                if key.fd == wake_read:
                    os.read(wake_read, 4096)
                    self.reap()
                    continue
                ended, frame = self.parser.receive(lambda view: os.readv(0, [view]))
                if ended:
                    os._exit(0)  # Inits die with their parent, and sessions with their inits.
                if frame:
                    self.request(*frame)

    def send(self, header):
        """Writes one frame; blocks until it is taken."""
        data = memoryview(b"".join(frames.encode(header)))
        while data:
            data = data[os.write(1, data):]

    def request(self, header, _body):
        """One of the `do_` below, answered."""
        try:
            answer = getattr(self, "do_" + header["op"])(header) or {}
        except Exception as error:
            answer = {"error": "failed", "message": "%s: %s" % (type(error).__name__, error)}
        self.send(dict(answer, id=header["id"]))

    def path(self, session):
        """Of a session's directories."""
        return os.path.join(self.options["directory"], session)

    def do_open(self, header):
        base = self.path(header["session"])
        os.makedirs(base, 0o711, exist_ok=True)
        uid = self.options["uids"]["first"] if os.geteuid() == 0 else os.geteuid()
        for name in ("workspace", "home", "tmp", "spool"):
            os.makedirs(os.path.join(base, name), 0o700, exist_ok=True)
            if os.geteuid() == 0:
                os.chown(os.path.join(base, name), uid, uid)
        return {"uid": uid}

    def do_start(self, header):
        base = self.path(header["session"])
        ready_read, ready_write = os.pipe()
        mapped_read, mapped_write = os.pipe()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(header["socket"])
        for piece in frames.encode({"hello": header["token"], "session": header["session"]}):
            connection.sendall(piece)
        privileged = os.geteuid() == 0
        flags = (kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS |
                 kernel.CLONE_NEWNET)
        pid = kernel.clone(flags | (0 if privileged else kernel.CLONE_NEWUSER))
        if pid == 0:
            try:
                os.close(mapped_write)
                if not privileged:
                    os.read(mapped_read, 1)
                self.become(header, base, privileged, connection)
            except BaseException as error:
                os.write(2, ("init: %s: %s\n" % (type(error).__name__, error)).encode())
            finally:
                os._exit(1)
        connection.close()
        if not privileged:
            with open("/proc/%d/setgroups" % pid, "w") as file:
                file.write("deny")
            with open("/proc/%d/uid_map" % pid, "w") as file:
                file.write("%d %d 1" % (INSIDE_UID, os.geteuid()))
            with open("/proc/%d/gid_map" % pid, "w") as file:
                file.write("%d %d 1" % (INSIDE_UID, os.getegid()))
        for descriptor in (ready_read, ready_write, mapped_read, mapped_write):
            os.close(descriptor)
        self.inits[pid] = header["session"]
        return {"pid": pid}

    def become(self, header, base, privileged, connection):
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        spool = os.open(os.path.join(base, "spool"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        new_root = os.path.join(base, "root")
        os.makedirs(new_root, exist_ok=True)
        limits = header["limits"]
        root.build(new_root, {
            "binds": [[os.path.join(base, name), inside] for name, inside in DIRECTORIES],
            "read_only": self.options["readOnlyPaths"] + [sys.base_prefix], "network": False,
            "shm_bytes": limits["memoryBytes"] // 2, "uid": INSIDE_UID, "proc": True,
        })
        if privileged:
            uid = header["uid"]
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.drop_capabilities()
        root_fd = os.open("/workspace", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        environment = {
            "PATH": "/home/session/.local/bin:%s/bin:/usr/local/bin:/usr/bin:/bin" % sys.base_prefix,
            "HOME": "/home/session", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
        }
        environment.update(self.options["environment"])
        init.Init(connection, {"limits": limits, "environment": environment}, root_fd, spool).run()

    def do_remove(self, header):
        shutil.rmtree(self.path(header["session"]), ignore_errors=False)

    def do_stop(self, header):
        for pid, session in list(self.inits.items()):
            if session == header["session"]:
                os.kill(pid, signal.SIGKILL)

    def reap(self):
        """Ended inits are told to the worker."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            session = self.inits.pop(pid, None)
            if session is not None:
                self.send({"event": "gone", "session": session, "pid": pid, "status": status})


def main(options):
    """Called by the bootstrap."""
    Launcher(options).run()
