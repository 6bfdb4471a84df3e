"""Control groups for sessions, version 1 or 2, where this process may make them. Paths of groups are dicts by controller."""
import os
import time

CONTROLLERS = ("memory", "pids", "cpu")
_V1 = {"memory": "memory", "pids": "pids", "cpu": "cpuacct"}


def _read(path):
    with open(path) as file:
        return file.read()


def _write(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _own():
    """Where this process is: {"": path below cgroup2, "memory": path, ...}."""
    own = {}
    for line in _read("/proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            own[name] = path
    return own


def _mounts():
    """Mounted hierarchies: {"": (root, mount point) of cgroup2, "memory": ...}."""
    found = {}
    for line in _read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(" "), right.split(" ")
        if kind[0] == "cgroup2":
            found.setdefault("", (fields[3], fields[4]))
        elif kind[0] == "cgroup":
            for name in kind[2].split(","):
                found.setdefault(name, (fields[3], fields[4]))
    return found


def _directory(own, mounts, name):
    if name not in own or name not in mounts:
        return None
    root, point = mounts[name]
    path = own[name]
    if root != "/" and (path == root or path.startswith(root + "/")):
        path = path[len(root):]
    directory = os.path.normpath(point + "/" + path)
    return directory if os.path.isdir(directory) else point


class Groups:
    """
    Groups below one of this host's own, `prefix` and `pid`. `controllers` are those that could be had; `notes` say why
    others not.
    """

    def __init__(self, prefix, pid, is_wanted=True):
        name = "%s-%d" % (prefix, pid)
        self._prefix = prefix
        self.notes = []
        self.controllers = []
        self.version = 0
        self._parents = {}
        self._places = []
        if not is_wanted:
            return
        try:
            own, mounts = _own(), _mounts()
        except OSError as error:
            self.notes.append("control groups: %s" % error)
            return
        for controller in CONTROLLERS:
            directory = _directory(own, mounts, _V1[controller])
            if directory is None:
                continue
            if self._probe_v1(controller, os.path.join(directory, name)):
                self.version = 1
                self._places.append(directory)
        if not self.controllers and "" in mounts:
            self._probe_v2(_directory(own, mounts, ""), name)
        if not self.controllers:
            self.notes.append("no control group can be made here: memory, processes and CPU time are limited by rlimits "
                              "and by looking four times a second")

    def _probe_v1(self, controller, parent):
        try:
            os.makedirs(parent, exist_ok=True)
            probe = os.path.join(parent, "probe")
            os.makedirs(probe, exist_ok=True)
            try:
                if controller == "memory":
                    _write(probe + "/memory.limit_in_bytes", str(2**30))
                elif controller == "pids":
                    _write(probe + "/pids.max", "100")
                else:
                    _read(probe + "/cpuacct.usage")
            finally:
                os.rmdir(probe)
        except OSError as error:
            self.notes.append("control groups for %s: %s" % (controller, error.strerror))
            return False
        self._parents[controller] = parent
        self.controllers.append(controller)
        return True

    def _probe_v2(self, directory, name):
        try:
            available = _read(directory + "/cgroup.controllers").split()
            wanted = [one for one in CONTROLLERS if one in available and one != "cpu"]
            if not wanted:
                self.notes.append("control groups: this one was given neither memory nor pids")
                return
            self._places.append(directory)
            parent = os.path.join(directory, name)
            os.makedirs(parent, exist_ok=True)
            text = " ".join("+" + one for one in wanted)
            try:
                _write(directory + "/cgroup.subtree_control", text)
            except OSError:
                # A group with processes of its own gives nothing to others. Ours may be moved; nobody else's.
                ours = {str(os.getpid()), str(os.getppid())}
                if not set(_read(directory + "/cgroup.procs").split()) <= ours:
                    raise
                leaf = os.path.join(directory, name + "-worker")
                os.makedirs(leaf, exist_ok=True)
                for pid in ours:
                    _write(leaf + "/cgroup.procs", pid)
                _write(directory + "/cgroup.subtree_control", text)
            _write(parent + "/cgroup.subtree_control", text)
        except OSError as error:
            self.notes.append("control groups: %s" % error.strerror)
            return
        self.version = 2
        self.controllers = wanted + ["cpu"]  # cpu.stat is in every group.
        self._parents = {"": parent}

    def clean(self):
        """Removes what hosts of the same prefix have left that are no more."""
        for directory in self._places:
            for name in os.listdir(directory):
                _, _, pid = name.rpartition("-")
                if not name.startswith(self._prefix + "-") or not pid.isdigit() or lives(int(pid)):
                    continue
                old = os.path.join(directory, name)
                for one in os.listdir(old):
                    if os.path.isdir(os.path.join(old, one)):
                        _remove(os.path.join(old, one), 20)
                _remove(old, 20)

    def close(self):
        """Removes all of it, after the end of all that was in it."""
        for parent in self._parents.values():
            for name in os.listdir(parent):
                if os.path.isdir(os.path.join(parent, name)):
                    _remove(os.path.join(parent, name), 50)
            _remove(parent, 50)

    def make(self, name, limits):
        """Makes a group with `limits` (memoryBytes, processes). Returns it, or None where there are none."""
        if not self._parents:
            return None
        group = {}
        for controller, parent in self._parents.items():
            directory = os.path.join(parent, name)
            os.makedirs(directory, exist_ok=True)
            group[controller] = directory
        # Besides the session's own: its init, and one helper of that.
        processes = str(limits["processes"] + 2)
        if self.version == 2:
            if "memory" in self.controllers:
                _write(group[""] + "/memory.max", str(limits["memoryBytes"]))
                try:
                    _write(group[""] + "/memory.swap.max", "0")
                except OSError:
                    pass  # No swap accounting.
            if "pids" in self.controllers:
                _write(group[""] + "/pids.max", processes)
            return group
        if "memory" in group:
            _write(group["memory"] + "/memory.limit_in_bytes", str(limits["memoryBytes"]))
        if "pids" in group:
            _write(group["pids"] + "/pids.max", processes)
        return group

    def enter(self, group, pid):
        """Puts a process there."""
        for directory in group.values():
            _write(directory + "/cgroup.procs", str(pid))

    def counters(self, group):
        """Opens what tells of a group: {name: file descriptor}. They stay good inside of a session's own root."""
        if self.version == 2:
            names = {"memory": ("", "memory.current"), "memory_events": ("", "memory.events"),
                     "memory_stat": ("", "memory.stat"),
                     "pids": ("", "pids.current"), "pids_events": ("", "pids.events"), "cpu": ("", "cpu.stat")}
        else:
            names = {"memory": ("memory", "memory.usage_in_bytes"), "memory_events": ("memory", "memory.oom_control"),
                     "memory_stat": ("memory", "memory.stat"), "pids": ("pids", "pids.current"),
                     "pids_events": ("pids", "pids.events"), "cpu": ("cpu", "cpuacct.usage")}
        found = {}
        for name, (controller, file) in names.items():
            if controller in group:
                try:
                    found[name] = os.open(os.path.join(group[controller], file), os.O_RDONLY | os.O_CLOEXEC)
                except OSError:
                    pass  # Older kernels have not all of them.
        return found

    def remove(self, group):
        """Of a group whose processes have ended."""
        for directory in group.values():
            _remove(directory, 50)


def lives(pid):
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
    except OSError:
        return True


def _remove(directory, attempts):
    # The last of its processes may not be through with its end.
    for attempt in range(attempts):
        try:
            os.rmdir(directory)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.002 if attempt < 10 else 0.02)


def value(counters, name, key=None):
    """What a counter of `counters` says (of its line `key`); None where there is none."""
    descriptor = counters.get(name)
    if descriptor is None:
        return None
    try:
        text = os.pread(descriptor, 8192, 0).decode()
    except OSError:
        return None
    if key is None:
        return int(text)
    for line in text.splitlines():
        first, _, second = line.partition(" ")
        if first == key:
            return int(second)
    return None
