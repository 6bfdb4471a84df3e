"""
The one process of ours that the worker starts: it makes the directories of sessions and forks their inits. It is asked by
frames on standard input, answers on standard output, and ends when that input ends, with all that it has started.
"""
import hashlib
import os
import resource
import selectors
import signal
import socket
import time

import birth
import cgroups
import core
import frames
import kernel
import newborn
import programs
import relay
import removal
import root

_REMOVED = ".removed"


class Refused(Exception):
    """Told to the worker, with one of the session error codes."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Launcher:
    """`options` as in `SandboxHostOptions`."""

    def __init__(self, options):
        self.options = options
        self.directory = options["directory"]
        self.parser = frames.Parser()
        self.selector = selectors.DefaultSelector()
        self.sessions = {}  # Id to uid, of those that were opened.
        self.left = {}  # Name to uid, of those that an earlier launcher has left.
        self.inits = {}  # Pid to {"session", "group", "listeners", "relay"}.
        self.relays = {}  # Pid to pid of its init.
        self.jobs = {}  # Pid to (number of the call, pipe with its complaint, answer).
        self.stops = []  # (number of a call, pids that must have ended).
        self.names = 0
        self.mode = None

    # ---- start and end

    def run(self):
        """Until the worker is gone."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.umask(0o022)
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        self.directory = os.path.realpath(self.directory)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        digest = hashlib.sha256(self.directory.encode()).hexdigest()[:10]
        self.groups = cgroups.Groups("coder-sandbox-%s" % digest, os.getpid(), "cgroups" not in self.options["without"])
        notes = self._choose()
        if self.mode is not None and not self.mode["namespaces"]:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        elif self.mode is not None and self.mode["own_uid"]:
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        notes += self._find_paths()
        removal.remove(self.place)
        self.sweep()
        self.groups.clean()
        for name in self._known():
            self.left[name] = os.stat(os.path.join(self.directory, name, "workspace")).st_uid
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(wake_read, selectors.EVENT_READ, lambda: self._woken(wake_read))
        self.selector.register(0, selectors.EVENT_READ, self._asked)
        self.send(dict(self._report(), event="ready", notes=notes + self.groups.notes))
        while True:
            for key, _ in self.selector.select():
                if key.fd in self.selector.get_map():
                    key.data()

    def _choose(self):
        """Sets `mode` to the best that works here; returns what to tell of it."""
        host_network = self.options["network"] == "host"
        first = self.options["uids"]["first"]
        place = os.path.join(self.directory, ".probe-%d" % os.getpid())
        euid = os.geteuid()
        without = self.options["without"]
        candidates = [mode for mode in birth.modes(euid, host_network)
                      if mode["userns"] not in without and not (mode["proc"] and "proc" in without)]
        own_uid = euid == 0
        try:
            removal.make(place, first if own_uid else None)
        except OSError:
            # A root that may not give files away (a container's, mapped to somebody): its own uid is all there is.
            removal.make(place, None)
            own_uid = False
        candidates = [mode for mode in candidates if own_uid or not mode["own_uid"]]
        if self.options["allowUnisolated"]:
            candidates.append(birth.unisolated(own_uid))
            if own_uid:  # Their uids walk through it; each one's own is its alone.
                os.chmod(self.directory, 0o711)
        self.place = place
        self.spec = {"read_only": [], "host_network": host_network, "shm_bytes": 2**20, "uid": birth.INSIDE_UID, "ports": [],
                     "proc": True}
        self.mode, failures = birth.probe(candidates, place, first, self.spec)
        if self.mode is None or self.mode["namespaces"]:
            os.chmod(self.directory, 0o700)
        notes = []
        # The same mode without a /proc fails for the same reason, mostly.
        told = set()
        for mode, error in failures:
            if error not in told:
                notes.append("sessions with %s: %s" % (_words(mode), error))
            told.add(error)
        if self.mode is not None and not self.mode["namespaces"] and not own_uid and euid == 0:
            notes.append("sessions run as root, for this process may not use other uids")
        if host_network:
            notes.append("sessions use the network of this machine, its loopback and abstract Unix sockets, too")
        return notes

    def _find_paths(self):
        """Sets `paths`, which sessions see besides the usual ones; returns what to tell of those that they do not see."""
        self.paths = []
        notes = []
        for path, note in programs.prefixes(self.directory) + [(path, "") for path in self.options["readOnlyPaths"]]:
            if not note and not os.path.exists(path):
                note = "%s is to be shown to sessions, and is not there" % path
            own = [inside for _, inside in root.DIRECTORIES if path == inside or path.startswith(inside + "/")]
            if not note and own:
                note = "%s cannot be shown to sessions: %s is their own" % (path, own[0])
            if not note and self.mode is not None and self.mode["userns"] == "early":
                # Root's own directories are closed to who is root no more.
                _, failures = birth.probe([self.mode], self.place, self.options["uids"]["first"], dict(self.spec, read_only=[path]))
                note = "".join("%s cannot be shown to sessions: %s" % (path, error) for _, error in failures)
            if note:
                notes.append(note)
            else:
                self.paths.append(path)
        return notes

    def _report(self):
        mode = self.mode
        if mode is None:
            isolation = "none"
        else:
            isolation = "none" if not mode["namespaces"] else "full" if mode["own_uid"] else "namespaces"
        return {
            "isolation": isolation, "usable": mode is not None, "cgroups": self.groups.controllers,
            "network": bool(mode and mode["namespaces"] and not mode["host_network"]),
            "proc": bool(mode and mode["namespaces"] and mode["proc"]), "ownUid": bool(mode and mode["own_uid"]),
        }

    def end(self):
        """Ends everything of every session, and this process."""
        for pid in list(self.inits) + list(self.relays) + list(self.jobs):
            _kill(pid)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                if not (self.inits or self.relays or self.jobs):
                    self._kill_strays()
                time.sleep(0.005)
                continue
            for known in (self.inits, self.relays, self.jobs):
                known.pop(pid, None)
        self.sweep()
        self.groups.close()
        try:
            # The worker does that, unless it was ended by force.
            os.unlink(self.options["socket"])
            os.rmdir(os.path.dirname(self.options["socket"]))
        except OSError:
            pass
        os._exit(0)

    def sweep(self):
        """Ends processes that sessions without namespaces have left, and removes what was to be removed."""
        if self.mode is not None and not self.mode["namespaces"]:
            if self.mode["own_uid"]:
                first, count = self.options["uids"]["first"], self.options["uids"]["count"]
                for name in self._known():
                    uid = os.stat(os.path.join(self.directory, name, "workspace")).st_uid
                    if first <= uid < first + count:
                        newborn.kill_uid(uid)
            else:
                newborn.kill_marked(self.directory)
        for name in os.listdir(self.directory):
            _, _, pid = name.partition(".probe-")
            if pid.isdigit() and int(pid) != os.getpid() and not cgroups.lives(int(pid)):
                removal.remove(os.path.join(self.directory, name))
        removed = os.path.join(self.directory, _REMOVED)
        if os.path.isdir(removed):
            removal.remove(removed)

    def _known(self):
        """Names of sessions that have directories."""
        return [name for name in os.listdir(self.directory)
                if not name.startswith(".") and os.path.isdir(os.path.join(self.directory, name, "workspace"))]

    # ---- frames

    def send(self, header):
        """Writes one frame; blocks until it is taken."""
        data = memoryview(b"".join(frames.encode(header)))
        try:
            while data:
                data = data[os.write(1, data):]
        except OSError:
            self.end()

    def _asked(self):
        try:
            ended, frame = self.parser.receive(lambda view: os.readv(0, [view]))
        except frames.BadFrame:
            ended, frame = True, None
        if ended:
            self.end()
        if not frame:
            return
        header = frame[0]
        try:
            answer = getattr(self, "do_" + header["op"])(header)
        except Refused as error:
            answer = {"error": error.code, "message": str(error)}
        except Exception as error:
            answer = {"error": "failed", "message": "%s: %s: %s" % (header["op"], type(error).__name__, error)}
        if answer is not None:
            self.send(dict(answer, id=header["id"]))

    # ---- sessions

    def path(self, session):
        """Of a session's directories."""
        if not session or session.startswith(".") or "/" in session or "\0" in session:
            raise Refused("invalid", "%r is no name for a session" % session)
        return os.path.join(self.directory, session)

    def do_open(self, header):
        """Makes a session's directories, or finds them."""
        session = header["session"]
        path = self.path(session)
        workspace = os.path.join(path, "workspace")
        is_there = os.path.isdir(workspace)
        if header["existing"] and not is_there:
            raise Refused("not_found", "there are no files of session %s at this worker" % session)
        if not self.mode["own_uid"]:
            removal.make(path, None)
            self.sessions[session] = os.geteuid()
            return {"found": is_there}
        uid = self.sessions.get(session)
        owner = os.stat(workspace).st_uid if is_there else None
        if uid is None:
            uid = self._free_uid(session, owner)
            removal.make(path, uid)
            self.sessions[session] = uid
            self.left.pop(session, None)
        if owner is None or owner == uid:
            return {"found": is_there}
        return self._job(header["id"], lambda: removal.give(path, uid), {"found": True})

    def _free_uid(self, session, wanted):
        first, count = self.options["uids"]["first"], self.options["uids"]["count"]
        used = set(self.sessions.values())
        used.update(uid for name, uid in self.left.items() if name != session)
        if wanted is not None and first <= wanted < first + count and wanted not in used:
            return wanted
        for uid in range(first, first + count):
            if uid not in used:
                return uid
        raise Refused("no_capacity", "all %d uids for sessions are in use: close sessions, or give more (first %d)"
                      % (count, first))

    def do_leftovers(self, _header):
        """Names of sessions that have directories, and were not opened."""
        return {"sessions": sorted(name for name in self._known() if name not in self.sessions)}

    def do_start(self, header):
        """Starts an init, which connects to `socket` and says `token`. Answered when it is ready."""
        session = header["session"]
        if session not in self.sessions:
            raise Refused("not_found", "session %s was not opened" % session)
        uid, path, call = self.sessions[session], self.path(session), header["id"]
        self.names += 1
        group = self.groups.make("%s-%d" % (session, self.names), header["limits"])
        connection = None
        counters = {}
        try:
            if group is not None:
                counters = self.groups.counters(group)
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(header["socket"])
            for piece in frames.encode({"hello": header["token"]}):
                connection.sendall(piece)
            spec = dict(
                header, uid=birth.INSIDE_UID, read_only=self.paths, shm_bytes=max(2**20, header["limits"]["memoryBytes"] // 2),
                host_network=self.options["network"] == "host",
                ports=[] if self.options["network"] != "proxy" else [one["port"] for one in self.options["forwards"]],
                environment=self.options["environment"], directory=self.directory, counters=counters,
                path=path, isolated=self.mode["namespaces"],
            )
            mode = self.mode
            one = birth.Birth(mode, path, uid, lambda channel: newborn.live(channel, mode, uid, spec, connection))
        except OSError:
            if group is not None:
                self.groups.remove(group)
            raise
        finally:
            if connection is not None:
                connection.close()
            for descriptor in counters.values():
                os.close(descriptor)
        self.inits[one.pid] = {"session": session, "group": group, "listeners": [], "relay": None, "told": False}
        if group is not None:
            try:
                self.groups.enter(group, one.pid)
            except OSError as error:
                _kill(one.pid)
                raise Refused("failed", "control group of session %s: %s" % (session, error.strerror))
        self.selector.register(one, selectors.EVENT_READ, lambda: self._born(one, call, session))
        return None

    def _born(self, one, call, session):
        known = one.channel
        descriptor = known.fileno()
        if not one.advance():
            return
        self.selector.unregister(descriptor)
        if one.error:
            for listener in one.listeners:
                os.close(listener)
            _kill(one.pid)
            self.send({"id": call, "error": "failed", "message": "session %s could not be started: %s" % (session, one.error)})
            return
        if one.pid in self.inits:
            self.inits[one.pid]["listeners"] = one.listeners
            self.inits[one.pid]["told"] = True
            self._listen(one.pid)
        self.send({"id": call, "pid": one.pid})

    def do_stop(self, header):
        """Ends all of a session. Answered when nothing is left."""
        pids = {pid for pid, one in self.inits.items() if one["session"] == header["session"]}
        if not pids:
            return {}
        for pid in pids:
            _kill(pid)
        self.stops.append((header["id"], pids))
        return None

    def do_remove(self, header):
        """Removes a session's directories, after its end."""
        session = header["session"]
        path = self.path(session)
        if any(one["session"] == session for one in self.inits.values()):
            raise Refused("conflict", "session %s has not ended" % session)
        self.sessions.pop(session, None)
        self.left.pop(session, None)
        if not os.path.lexists(path):
            return {}
        # Out of the way at once: whoever opens a session of this name meanwhile gets a new one.
        away = os.path.join(self.directory, _REMOVED)
        os.makedirs(away, mode=0o700, exist_ok=True)
        self.names += 1
        target = os.path.join(away, "%d-%d" % (os.getpid(), self.names))
        os.rename(path, target)
        return self._job(header["id"], lambda: removal.remove(target))

    # ---- relays

    def _listen(self, pid):
        for listener in self.inits[pid]["listeners"]:
            self.selector.register(listener, selectors.EVENT_READ, lambda: self._relay(pid))

    def _relay(self, pid):
        """Somebody connects in a session: from now on a process of its own listens."""
        one = self.inits[pid]
        self._deaf(one)
        listeners = list(zip(one["listeners"], [forward["socket"] for forward in self.options["forwards"]]))
        one["relay"] = relay.start(listeners, one["session"], core.keep)
        self.relays[one["relay"]] = pid

    def _deaf(self, one):
        for listener in one["listeners"]:
            if listener in self.selector.get_map():
                self.selector.unregister(listener)

    # ---- children

    def _job(self, call, work, answer=None):
        """Runs `work()` in a child, and answers `call` when it is through."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
                work()
            except BaseException as error:
                os.write(write, str(error).encode("utf-8", "replace")[:2000])
            finally:
                os._exit(0)
        os.close(write)
        self.jobs[pid] = (call, read, answer or {})

    def _woken(self, descriptor):
        try:
            os.read(descriptor, 4096)
        except BlockingIOError:
            pass
        self.reap()

    def reap(self):
        """Children that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                break
            if pid in self.inits:
                self._gone(pid, status)
            elif pid in self.relays:
                known = self.inits.get(self.relays.pop(pid))
                if known is not None:
                    known["relay"] = None
                    self._listen([one for one in self.inits if self.inits[one] is known][0])
            elif pid in self.jobs:
                call, read, answer = self.jobs.pop(pid)
                error = os.read(read, 4096).decode("utf-8", "replace")
                os.close(read)
                if status and not error:
                    error = "its process was ended (status %d)" % status
                self.send(dict({"error": "failed", "message": error} if error else answer, id=call))

    def _gone(self, pid, status):
        one = self.inits.pop(pid)
        self._deaf(one)
        for listener in one["listeners"]:
            os.close(listener)
        if one["relay"] is not None:
            _kill(one["relay"])
        if not self.mode["namespaces"]:
            if self.mode["own_uid"]:
                newborn.kill_uid(self.sessions.get(one["session"]))
            self._kill_strays()
        if one["group"] is not None:
            self.groups.remove(one["group"])
        if one["told"]:
            self.send({"event": "gone", "session": one["session"], "pid": pid, "status": status})
        for call, pids in list(self.stops):
            pids.discard(pid)
            if not pids:
                self.stops.remove((call, pids))
                self.send({"id": call})

    def _kill_strays(self):
        """Without namespaces, what an init leaves behind becomes ours."""
        if self.mode is not None and not self.mode["namespaces"]:
            newborn.kill_strays(set(self.inits) | set(self.relays) | set(self.jobs))


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _words(mode):
    words = ["namespaces"] if mode["namespaces"] else ["no namespaces"]
    words += ["a uid of their own" if mode["own_uid"] else "the worker's uid"]
    if mode["userns"]:
        words.append("a user namespace (%s)" % mode["userns"])
    if mode["namespaces"]:
        words.append("a /proc" if mode["proc"] else "no /proc")
    return ", ".join(words)


def main(options):
    """Called by the bootstrap."""
    launcher = Launcher(options)
    if options["refusesNodeRoot"] and kernel.is_node_root():
        return launcher.send({"event": "node-root"})
    launcher.run()
