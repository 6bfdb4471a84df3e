"""What a forked child does to become the init of a session, and how sessions without namespaces are ended."""
import os
import signal
import time

import birth
import core
import init
import kernel
import limits
import root

_MARK = "SANDBOX_DIRECTORY"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def live(channel, mode, uid, spec, connection):
    """In the child: becomes the init, and is it until its end. Never returns."""
    opened = {}
    try:
        nothing = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        core.keep([channel.fileno(), connection.fileno()] + list(spec["counters"].values()))

        def with_host():
            # Processes of the session never see this one: they have no way to its directory.
            opened["spool"] = os.open("spool", _OPEN)
            if not mode["namespaces"]:
                opened["places"] = [os.open(name, _OPEN) for name, _ in root.DIRECTORIES]
            if not (mode["namespaces"] and mode["proc"]):
                opened["proc"] = os.open("/proc", _OPEN)
                opened["self"] = int(os.readlink("/proc/self"))

        birth.become(channel, mode, uid, spec, with_host)
        _open(opened)
        one = init.Init(connection, {
            "limits": spec["limits"], "environment": environment(mode, spec), "counters": spec["counters"],
            "cpu_before_ms": spec["cpuBeforeMs"], "idle_ms": spec["idleMs"], "disk_used": spec["diskUsed"],
            "isolated": mode["namespaces"],
        }, opened, before_exec(mode), kill_all(mode))
    except BaseException as error:
        try:
            channel.send(("%s" % error).encode("utf-8", "replace")[:2000])
        finally:
            os._exit(1)
    try:
        one.run()
    except BaseException as error:
        one.send({"event": "crash", "message": "%s: %s" % (type(error).__name__, error)})
    finally:
        os._exit(1)


def _open(opened):
    places = opened.pop("places", None) or [os.open(inside, _OPEN) for _, inside in root.DIRECTORIES]
    opened["root"] = places[0]
    opened["directories"] = places + [opened["spool"]]
    if "proc" not in opened:
        opened["proc"] = os.open("/proc", _OPEN)
        opened["self"] = os.getpid()


def environment(mode, spec):
    """What processes of the session have as their environment."""
    home, temporary = "/home/session", "/tmp"
    if not mode["namespaces"]:
        home, temporary = os.path.join(spec["path"], "home"), os.path.join(spec["path"], "tmp")
    prefixes = [path + "/bin" for path in spec["read_only"] if os.path.isdir(path + "/bin")]
    found = {
        "PATH": ":".join([home + "/.local/bin"] + prefixes + ["/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": home, "LANG": "C.UTF-8", "TMPDIR": temporary,
    }
    found.update(spec["environment"])
    if not mode["namespaces"]:
        found[_MARK] = spec["directory"]
    return found


def before_exec(mode):
    """What a child of the init does before it becomes a process of the session: `leave(descriptors to keep)`."""
    def leave(descriptors):
        core.keep(descriptors)
        if not mode["namespaces"]:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        # From here on it holds nothing of ours. Where memory runs out, it goes before the init does.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")
        except OSError:
            pass
    return leave


def kill_all(mode):
    """A function of the init that ends all other processes of its session."""
    def within_namespace():
        _signal_all()

    return within_namespace if mode["namespaces"] or mode["own_uid"] else limits.kill_descendants


def _signal_all():
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass  # There is none.


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_uid(uid):
    """Ends all processes of a session's uid. Called by root."""
    if not uid:
        return
    pid = os.fork()
    if pid == 0:
        try:
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            for _ in range(20):
                _signal_all()
        finally:
            os._exit(0)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def kill_strays(known):
    """Ends all that comes from this process, but for `known` children and what comes from them. Waits for their end."""
    me = os.getpid()
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            found = limits.descendants(limits.scan(proc), me)
            for pid in known:
                for one in limits.descendants(found, pid):
                    found.pop(one, None)
            found.pop(me, None)
            if not found:
                return
            for pid in found:
                _kill(pid)
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass  # Its parent, which ends as well, has to wait for it first.
            time.sleep(0.002)
    finally:
        os.close(proc)


def kill_marked(directory):
    """Ends all processes that sessions below `directory` have left behind: an earlier launcher was ended by force."""
    mark = ("%s=%s" % (_MARK, directory)).encode() + b"\0"
    for _ in range(20):
        found = False
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open("/proc/%s/environ" % name, "rb") as file:
                    if mark in file.read():
                        _kill(int(name))
                        found = True
            except OSError:
                continue
        if not found:
            return
        time.sleep(0.01)
