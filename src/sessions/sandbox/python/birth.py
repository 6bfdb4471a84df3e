"""
How the init of a session comes to be: forked by the launcher into namespaces of its own, set up with what rights it has,
then without any. The two talk over a socket pair until it is ready: `Birth` is the launcher's side, `become` the child's.

A mode (found out once, by `probe`) says what the kernel allows here:
- `own_uid`: sessions have a uid of their own on the host.
- `userns`: "late" (made after the mounts, which then belong to the worker's namespace and are out of reach even for the
  session's namespace), "early" (made first: it is what allows the rest), or "" (none: a plain uid without rights).
- `namespaces`: mount, PID, IPC, UTS and network ones. `host_network`: all but the last.
- `proc`: a /proc of their own can be mounted.
"""
import os
import select
import signal
import socket

import kernel
import root
import seccomp

INSIDE_UID = 1000


def modes(euid, host_network):
    """All that are worth a try, best first."""
    base = {"namespaces": True, "host_network": host_network}
    found = []
    for proc in (True, False):
        if euid == 0:
            found += [dict(base, own_uid=True, userns=userns, proc=proc) for userns in ("late", "early", "")]
        found.append(dict(base, own_uid=False, userns="early", proc=proc))
    # What isolates better comes first; a /proc is worth less than a uid.
    return sorted(found, key=lambda mode: (not mode["own_uid"], not mode["proc"]))


def unisolated(own_uid):
    """The mode without namespaces."""
    return {"namespaces": False, "host_network": True, "userns": "", "proc": True, "own_uid": own_uid}


class Birth:
    """One init on its way. `go(channel)` runs in the child and never returns."""

    def __init__(self, mode, directory, uid, run):
        self.mode = mode
        self.uid = uid
        self.listeners = []
        self.error = None
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        flags = 0
        if mode["namespaces"]:
            flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
            if not mode["host_network"]:
                flags |= kernel.CLONE_NEWNET
            if mode["userns"] == "early":
                flags |= kernel.CLONE_NEWUSER
        # The new mount namespace's own copy of this directory is where the child finds itself, whoever may walk there.
        before = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.chdir(directory)
            self.pid = kernel.clone(flags)
        finally:
            if getattr(self, "pid", None) != 0:
                os.fchdir(before)
            os.close(before)
        if self.pid == 0:
            try:
                self.channel.close()
                run(theirs)
            finally:
                os._exit(1)
        theirs.close()

    def fileno(self):
        """For select."""
        return self.channel.fileno()

    def advance(self):
        """One message of the child. Returns True once it is ready or has failed (`error`)."""
        try:
            data, descriptors = _receive(self.channel)
            self.listeners += descriptors
            if data == b"map":
                self._map()
                self.channel.send(b"mapped")
                return False
            if data == b"listening":
                return False
            if data == b"ready":
                self.channel.send(b"go")
            else:
                self.error = data.decode("utf-8", "replace") or "it ended before it was ready"
        except OSError as error:
            self.error = "user namespace: %s" % error
        self.channel.close()
        return True

    def _map(self):
        outside, group = (self.uid, self.uid) if self.mode["own_uid"] else (os.geteuid(), os.getegid())
        # The kernel's condition for those who are not root. Root's groups are left by the child itself.
        lines = [] if self.mode["own_uid"] else [("setgroups", "deny")]
        lines += [("uid_map", "%d %d 1" % (INSIDE_UID, outside)), ("gid_map", "%d %d 1" % (INSIDE_UID, group))]
        for name, text in lines:
            with open("/proc/%d/%s" % (self.pid, name), "w") as file:
                file.write(text)


def _receive(channel):
    data, control, _, _ = channel.recvmsg(4096, socket.CMSG_SPACE(64 * 4))
    descriptors = []
    for level, kind, payload in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            for at in range(0, len(payload) - len(payload) % 4, 4):
                descriptors.append(int.from_bytes(payload[at:at + 4], "little"))
    return data, descriptors


def become(channel, mode, uid, spec, opened):
    """
    In the child: takes its place in namespaces and root, leaves all rights, and says so. `spec`: see `root.build`, and
    `ports` to listen at. `opened()` runs while the host's files can still be reached. Raises OSError.
    """
    for one in range(1, signal.NSIG):
        if one not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE) and not 32 <= one <= 33:
            try:
                # PID 1 does not get what it has no handler for. Without namespaces it is one process among others.
                signal.signal(one, signal.SIG_DFL)
            except (OSError, ValueError):
                pass
    signal.set_wakeup_fd(-1)
    os.setsid()
    os.umask(0o022)
    if mode["userns"] == "early":
        _ask_for_map(channel)
        _take_uid(mode, INSIDE_UID)  # Rights stay: what cannot be named there makes no files.
    opened()
    if mode["namespaces"]:
        kernel.sethostname("session")
        if not mode["host_network"]:
            kernel.loopback_up()
            _listen(channel, spec["ports"])
        root.build(dict(spec, proc=mode["proc"]))
    if mode["userns"] == "late":
        os.setgroups([])
        kernel.unshare(kernel.CLONE_NEWUSER)
        _ask_for_map(channel)
        _take_uid(mode, INSIDE_UID)
    elif mode["own_uid"] and not mode["userns"]:
        _take_uid(mode, uid)
    if mode["userns"]:
        _no_more_user_namespaces()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    # A change of uid forgets it, so it is said last; the answer to "ready" shows that the launcher was there after it.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if not mode["namespaces"]:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    seccomp.confine()
    channel.send(b"ready")
    if channel.recv(16) != b"go":
        os._exit(1)
    channel.close()


def _take_uid(mode, uid):
    kernel.drop_bounding()
    if mode["own_uid"]:
        os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _ask_for_map(channel):
    channel.send(b"map")
    if channel.recv(16) != b"mapped":
        os._exit(1)


def _no_more_user_namespaces():
    # The filter of system calls refuses them, too.
    try:
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
    except OSError:
        pass


def _listen(channel, ports):
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
            # The launcher accepts: what leads to the worker is out of the session's sight.
            channel.sendmsg([b"listening"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, listener.fileno().to_bytes(4, "little"))])


def probe(candidates, directory, uid, spec):
    """The first mode in which a session comes up, or None; and why the others did not: [(mode, error)]."""
    failures = []
    for mode in candidates:
        def run(channel, mode=mode):
            path = os.path.realpath(directory)
            try:
                become(channel, mode, uid, spec, lambda: None)
            except BaseException as error:
                channel.send(("%s" % error).encode()[:4000])
                os._exit(2)
            try:
                os._exit(0 if _works(mode, path) else 3)
            except BaseException:
                os._exit(4)
        try:
            birth = Birth(mode, directory, uid, run)
        except OSError as error:
            failures.append((mode, str(error)))
            continue
        try:
            while not birth.advance():
                pass
            for listener in birth.listeners:
                os.close(listener)
        finally:
            _, status = os.waitpid(birth.pid, 0)
        if birth.error is None and status == 0:
            return mode, failures
        failures.append((mode, birth.error or _doubts(mode, directory, status)))
    return None, failures


def _doubts(mode, directory, status):
    if mode["own_uid"] and not mode["namespaces"]:
        return ("the uids of sessions cannot reach %s: put the directory where everybody may walk through (mode 711)"
                % os.path.dirname(os.path.realpath(directory)))
    return "what a session needs does not work in it (status %d)" % status


def _works(mode, path):
    """Forks and writes, as sessions will."""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    if os.WEXITSTATUS(os.waitpid(pid, 0)[1]) != 7:
        return False
    if not mode["namespaces"]:
        return not mode["own_uid"] or os.listdir(os.path.join(path, "workspace")) is not None
    if os.getpid() != 1 or os.listdir("/workspace") is None:
        return False
    select.select([], [], [], 0)
    with open("/workspace/.probe", "w") as file:
        file.write("x")
    os.unlink("/workspace/.probe")
    return not mode["proc"] or os.readlink("/proc/self") == "1"
