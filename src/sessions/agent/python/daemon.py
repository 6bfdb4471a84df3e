"""
The daemon of a session in a workspace: it outlives terminals, and serves all who use the session (`carriers.py`). What it is
asked is as for the init of a sandbox (`core.py`), and besides:

- `attach` {known: {number: [bytes of stdout, of stderr]}}: from now on the client hears of all processes, and of what they
  write after these bytes. Answers {daemon, last, before, processes}.
- `refresh`: answers {ends: {number: [bytes of stdout, of stderr, whether it has ended]}}.
- `end_session`: kills everything, removes its state and scratch files, and ends.

`spawn` has `shared` {command, timeoutMs} where others may see the process, and `mark`, the client's own name for it. Numbers
are given here. What a client starts without `shared` ends with the client.
"""
import json
import os
import selectors
import signal
import time

import carriers
import core
import files
import frames
import kernel
import limits
import outputs
import streams

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Seconds: of silence after which a carrier is broken, and without a carrier after which a client is gone.
_SILENT = 45
_GONE = 120
# Numbers of processes that nobody else sees.
_HIDDEN = 2**40
# Bytes that a client lags behind a process before all wait for it, and go on again; and that are kept for it at most.
_MUCH, _LITTLE = 2**19, 2**17
_HELD = 2**22


class Daemon(core.Core):
    """`place`: [directory of its state, its scratch files or None]. The rest as for `Core`."""

    def __init__(self, listener, spec, opened, place):
        super().__init__(spec, opened, leave, limits.kill_descendants)
        self.place = place
        self.name = os.urandom(8).hex()
        self.carriers = set()
        self.clients = {}
        self.known = {}
        self.routes = {}  # The daemon's number of a call to (client, stream, the client's number of it).
        self.calls = 0
        self.spawning = {}  # The daemon's number of a call to the process that it is to start.
        self.hidden = _HIDDEN
        self.last = self.before = spec["before"]
        self.contact = time.monotonic()
        self.ends_at = None
        self.looks_at = 0.0
        self.listener = listener
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ, self._on_connection)

    # ---- clients

    def _on_connection(self, _events):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        self.carriers.add(carriers.Carrier(self, connection))

    def welcome(self, carrier, hello):
        """The client of a carrier that has introduced itself. One that is not new and not known has to begin anew."""
        client = self.clients.get(hello["client"])
        if client is None:
            if not hello["isNew"] or self.ends_at is not None:
                carrier.send(streams.said(streams.LOST, {}))
                return None
            client = self.clients[hello["client"]] = carriers.Client(hello["client"], self._on_frame)
        client.carriers.add(carrier)
        carrier.send(streams.said(streams.WELCOME, {"daemon": self.name}))
        return client

    def _forget(self, client):
        del self.clients[client.name]
        for call in client.calls.values():
            del self.routes[call]
            pid = self.work.get(call)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        for one in self.known.values():
            if one.owner is client:
                one.owner = None
                if not one.is_shared:
                    self.processes.do_kill({"process": one.number, "signal": "SIGKILL"}, b"")

    def close_in_child(self):
        """In a forked child: what it holds must not keep a relay waiting."""
        self.listener.close()
        for carrier in self.carriers:
            carrier.connection.close()

    # ---- calls

    def _on_frame(self, client, stream, header, body):
        if self.ends_at is not None:
            return
        op = header["op"]
        if op == "abort":
            self.request(dict(header, call=client.calls.get((stream, header["call"]))), body)
            return
        if "id" in header:
            self.calls += 1
            self.routes[self.calls] = client, stream, header["id"]
            client.calls[stream, header["id"]] = self.calls
            header["id"] = self.calls
        if op == "spawn":
            self._spawn(client, header, body)
        elif op == "attach":
            self._attach(client, header)
        elif op == "refresh":
            ends = {one.number: [one.rings[0].end, one.rings[1].end, one.exit is not None] for one in self._shared()}
            self.send({"id": header["id"], "ends": ends})
        elif op == "end_session":
            self._end_session(header)
        else:
            if op == "close_input" and header["process"] in self.known:
                self.known[header["process"]].input_is_closed = True
            self.request(header, body)

    def _shared(self):
        return [one for one in self.known.values() if one.is_shared and one.is_told]

    def _attach(self, client, header):
        known = header["known"]
        for one in self._shared():
            told = known.get(str(one.number))
            if told is None:
                self.send_event(client, one.event(client))
            client.following[one.number] = (told or [0, 0]) + [False]
            client.dirty[one.number] = True
        client.is_attached = True
        self.send({"id": header["id"], "daemon": self.name, "last": self.last, "before": self.before,
                   "processes": [one.number for one in self._shared()]})

    def _spawn(self, client, header, body):
        if header.get("shared"):
            number = self.last = self.last + 1
            with open(os.path.join(self.place[0], "last"), "w") as file:
                file.write(str(number))
        else:
            number = self.hidden = self.hidden + 1
        header["process"] = number
        self.spawning[header["id"]] = number
        self.known[number] = outputs.Known(number, client, header, self.spec["limits"]["outputBytes"])
        self.request(header, body)

    def send(self, header, body=b""):
        """An answer goes to who has asked, an event to all whom it concerns."""
        event = header.get("event")
        if event == "output":
            self._output(self.known[header["process"]], header["stream"], body)
        elif event == "exit":
            one = self.known[header["process"]]
            one.end(header)
            self._changed(one)
        elif "id" in header:
            client, stream, call = self.routes.pop(header["id"], (None, None, None))
            number = self.spawning.pop(header["id"], None)
            if number is not None and "error" in header:
                del self.known[number]
            elif number is not None:
                self._began(self.known[number], client)
            if client is None:
                return
            del client.calls[stream, call]
            client.streams[stream].queue(core.encoded(dict(header, id=call), body))
            self._flush(client)

    def send_event(self, client, event):
        """Tells a client, in order with its answers."""
        client.streams[0].queue(frames.encode(event))
        self._flush(client)

    def _flush(self, client):
        for carrier in list(client.carriers):
            carrier.flush()

    # ---- processes

    def _began(self, one, asked):
        one.is_told = True
        if asked is None and not one.is_shared:
            self.processes.do_kill({"process": one.number, "signal": "SIGKILL"}, b"")
        for client in list(self.clients.values()):
            if client.is_attached and (one.is_shared or client is one.owner):
                self.send_event(client, one.event(client))
                client.following[one.number] = [0, 0, False]

    def _output(self, one, stream, data):
        index = outputs.STREAMS.index(stream)
        now = time.monotonic()
        needed = min((client.following[one.number][index] for client in self.clients.values()
                      if one.number in client.following and client.is_fresh(now)), default=one.rings[index].end)
        one.rings[index].append(data, needed, one.rings[index].limit + _HELD)
        self._changed(one)

    def _changed(self, one):
        for client in list(self.clients.values()):
            if one.number in client.following:
                client.dirty[one.number] = True
                self._flush(client)
        self.pace()

    def next_output(self, client, most):
        """The next frame of output or of an end for a client; None where there is none. Processes take turns."""
        while client.dirty:
            number = next(iter(client.dirty))
            del client.dirty[number]
            one, told = self.known.get(number), client.following.get(number)
            if one is None or told is None:
                continue
            for index, ring in enumerate(one.rings):
                if told[index] < ring.end:
                    at = max(told[index], ring.start)
                    data = ring.read(at, most)
                    header = {"event": "output", "process": number, "stream": outputs.STREAMS[index]}
                    if at > told[index]:
                        header["lost"] = at - told[index]
                    told[index] = at + len(data)
                    client.dirty[number] = True
                    return frames.encode(header, data)
            if one.exit is not None and not told[2]:
                told[2] = True
                if not one.is_shared:
                    del self.known[number], client.following[number]
                return frames.encode(one.exit)
        return None

    def pace(self):
        """Processes wait while somebody who listens is far behind them."""
        now = time.monotonic()
        lag = 0
        for client in self.clients.values():
            if not client.is_fresh(now):
                continue
            for number in client.dirty:
                one, told = self.known.get(number), client.following.get(number)
                if one is not None and told is not None:
                    lag = max(lag, one.rings[0].end - told[0], one.rings[1].end - told[1])
        if lag > _MUCH:
            self.processes.pause(True)
        elif lag < _LITTLE:
            self.processes.pause(False)

    # ---- time

    def timeout(self, now):
        """As `Core`; besides, time limits of processes, clients and carriers that have gone, and this one's end."""
        moments = [one.kills_at or one.deadline for one in self.known.values()
                   if one.ended is None and (one.kills_at or one.deadline)]
        moments.append(now + (1 if self.processes.is_backlogged or self.ends_at else 15))
        wanted = super().timeout(now)
        return min(max(0.0, min(moments) - now), 60.0 if wanted is None else wanted)

    def tick(self, now):
        """As `Core`."""
        for one in self.known.values():
            if one.ended is None:
                self._keep_time(one, now)
        for carrier in list(self.carriers):
            if now - carrier.heard > _SILENT:
                carrier.close()
        for client in list(self.clients.values()):
            if not client.carriers and now - client.left > _GONE:
                self._forget(client)
        for number in outputs.forgotten(self.known, now, self.spec["rules"]):
            del self.known[number]
            for client in self.clients.values():
                client.following.pop(number, None)
        if self.processes.is_backlogged:
            self.pace()
        if self.carriers:
            self.contact = now
        elif now - self.contact > self.spec["keep_ms"] / 1000:
            self._end(None, None)
            self._remove(self.spec["removes"])
            os._exit(0)
        if self.ends_at is None and not self._is_reachable():
            # Its state was removed, and nobody can find it any more.
            self._end(None, None)
            os._exit(0)
        if self.ends_at is not None and (now > self.ends_at or self._is_said()):
            os._exit(0)
        return super().tick(now)

    def _is_reachable(self):
        now = time.monotonic()
        if self.carriers or now < self.looks_at:
            return True
        self.looks_at = now + 10
        return os.path.exists(os.path.join(self.place[0], "s"))

    def _keep_time(self, one, now):
        if one.kills_at is not None and now >= one.kills_at:
            one.kills_at = None
            self.processes.do_kill({"process": one.number, "signal": "SIGKILL"}, b"")
        elif one.deadline is not None and now >= one.deadline:
            one.deadline = None
            one.has_timed_out = True
            one.kills_at = now + self.spec["rules"]["graceMs"] / 1000
            for name in ("SIGTERM", "SIGCONT"):
                self.processes.do_kill({"process": one.number, "signal": name}, b"")

    # ---- the end

    def _is_said(self):
        return all(not client.streams[0].outstanding for client in self.clients.values() if client.carriers)

    def _end_session(self, header):
        self._end(None, None)
        try:
            self._remove(True)
            self.send({"id": header["id"]})
        except OSError as error:
            self.send(dict(core.failure("removing the session", error), id=header["id"]))
        self.ends_at = time.monotonic() + 5

    def _remove(self, with_files):
        import removal
        state, scratch = self.place
        if with_files:
            removal.remove(state)
        else:
            for name in ("s", "lock"):
                try:
                    os.unlink(os.path.join(state, name))
                except OSError:
                    pass


def leave(descriptors):
    """In a child, before it becomes a process of the session."""
    core.keep(descriptors)
    # Where the daemon is ended by force, nobody would see to it any more.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _before(state, existing):
    """The number that processes of an earlier daemon had at most."""
    try:
        with open(os.path.join(state, "last")) as file:
            return int(file.read())
    except (OSError, ValueError):
        # Of a session that was here before and has left nothing, the numbers are not known: these are far from them.
        return 1000 * (1 + int.from_bytes(os.urandom(2), "big")) if existing else 0


def _place(spec, state):
    """Where its files are; opened."""
    wanted = spec["workspace"]
    if wanted["files"] == "scratch":
        path = os.path.join(state, "files")
        if spec["existing"] and not os.path.isdir(path):
            raise files.FileError("not_found", "the session's files are gone: %s is no more. The workspace was made anew, or does "
                                  "not keep its home directory: create another session" % path)
        os.makedirs(path, 0o700, exist_ok=True)
    else:
        path = os.path.expanduser(wanted["directory"]) or "."
    try:
        return os.open(path, _OPEN), os.path.realpath(path)
    except OSError as error:
        code = "not_found" if isinstance(error, (FileNotFoundError, NotADirectoryError)) else "failed"
        raise files.FileError(code, "the directory %s of the workspace cannot be used: %s; name another one, or make it first"
                              % (json.dumps(path), os.strerror(error.errno)))


def _spool(state):
    path = os.path.join(state, "spool")
    os.makedirs(path, 0o700, exist_ok=True)
    return os.open(path, _OPEN)


def main(spec, listener, report, state):
    """The daemon, for ever. Says `ok`, or what is wrong, to `report`."""
    try:
        root, path = _place(spec, state)
        before = _before(state, spec["existing"])
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        scratch = spec["workspace"]["files"] == "scratch"
        environment = dict(os.environ)
        # What it says is about the terminal that has begun this one.
        environment.pop("TERM", None)
        environment.pop("OLDPWD", None)
        environment["PWD"] = path
        one = Daemon(listener, {
            "limits": spec["limits"], "environment": environment, "counters": {}, "cpu_before_ms": 0,
            "disk_used": None if scratch and spec["existing"] else 0, "isolated": True, "workspace": True, "before": before,
            "keep_ms": spec["keepMs"], "removes": spec["removes"], "rules": spec["rules"],
        }, {
            "root": root, "spool": _spool(state), "directories": [root] if scratch else [],
            "proc": os.open("/proc", _OPEN), "self": os.getpid(),
        }, (state, scratch))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.write(report, b"ok")
        os.close(report)
    except files.FileError as error:
        os.write(report, json.dumps({"error": error.code, "message": error.message}).encode())
        return
    except Exception as error:
        os.write(report, json.dumps({"error": "failed", "message": "%s: %s" % (type(error).__name__, error)}).encode())
        return
    try:
        one.serve()
    except Exception:
        # Nobody hears of it otherwise.
        import traceback
        with open(os.path.join(state, "crash"), "w") as file:
            traceback.print_exc(file=file)
