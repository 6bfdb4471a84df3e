"""
What the processes of a session may use. The kernel sees to some of it for each process (`before_exec`) and, by control
groups, for all together; `Watch` looks at the rest.
"""
import os
import resource
import signal
import time

import cgroups
import trees

TICK = 0.2
_CLOCK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def before_exec(limits, counters, is_workspace):
    """
    Sets the limits of this process, which is about to become a session's. `counters`: those of its control group.
    `is_workspace`: other processes of its uid are the person's own, and count with the kernel.
    """
    cpu = limits["cpuMs"] // 1000 + 2
    values = [
        # 1, not 0: that keeps core dumps from being piped to a program of the machine, too.
        (resource.RLIMIT_CORE, 1),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["diskBytes"]),
        (resource.RLIMIT_NOFILE, limits["openFiles"]),
    ]
    if not is_workspace:
        # The init and its helpers count, too. Where there is a group, that one refuses, for it counts its refusals.
        values.append((resource.RLIMIT_NPROC, limits["processes"] + (64 if "pids" in counters else 2)))
    if not is_workspace and "memory" not in counters:
        values.append((resource.RLIMIT_DATA, limits["memoryBytes"]))
    for which, value in values:
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # The kernel warns a process at the first of these, and ends it at the second.
        resource.setrlimit(which, (max(1, value - 1) if which == resource.RLIMIT_CPU else value, value))


def scan(proc_fd):
    """All processes of the /proc below `proc_fd`: {pid: (parent, session, state, cpu seconds, memory bytes)}."""
    found = {}
    for name in os.listdir(proc_fd):
        if not name.isdigit():
            continue
        try:
            stat = _read_at(proc_fd, name + "/stat")
            statm = _read_at(proc_fd, name + "/statm").split()
        except OSError:
            continue  # It has ended.
        fields = stat[stat.rindex(b")") + 2:].split()
        cpu = (int(fields[11]) + int(fields[12])) / _CLOCK
        # What it alone has: shared libraries would count once for each process.
        memory = max(0, int(statm[1]) - int(statm[2])) * _PAGE
        found[int(name)] = (int(fields[1]), int(fields[3]), fields[0], cpu, memory)
    return found


def descendants(processes, ancestor):
    """Of `scan`'s result what comes from `ancestor`, itself too."""
    found = {ancestor: processes[ancestor]} if ancestor in processes else {}
    for pid in processes:
        trail = []
        while pid in processes and pid not in found and len(trail) < 4096:
            trail.append(pid)
            pid = processes[pid][0]
        if pid in found:
            for one in trail:
                found[one] = processes[one]
    return found


def kill_descendants():
    """Ends all that comes from this process."""
    me = os.getpid()
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for _ in range(100):
            found = descendants(scan(proc), me)
            alive = [pid for pid, one in found.items() if pid != me and one[2] != b"Z"]
            if not alive:
                return
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
    finally:
        os.close(proc)


def _read_at(directory, path):
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


class Watch:
    """
    Looks at a session while it has processes. `counters` are those of its control group, `proc_fd` a /proc in which its
    processes are (None: not to be had), below the init, which is `proc_self` there.
    """

    def __init__(self, limits, counters, proc_fd, proc_self, cpu_before_ms):
        self.limits = limits
        self.counters = counters
        self.proc_fd = proc_fd
        self.proc_self = proc_self
        self.cpu_before_ms = cpu_before_ms
        self.memory = 0
        self.count = 0
        self.largest = None
        self._sampled = {}
        self._sampled_total = 0.0
        self._times_at_start = self._own_children()
        self._group_start = self._group_cpu_ms() or 0
        self._full_since = None
        self._refused = self._refusals()
        self.next = 0.0

    def _own_children(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def _group_cpu_ms(self):
        microseconds = cgroups.value(self.counters, "cpu", "usage_usec")
        if microseconds is not None:
            return microseconds // 1000
        nanoseconds = cgroups.value(self.counters, "cpu") if "cpu" in self.counters else None
        return None if nanoseconds is None else nanoseconds // 1_000_000

    def _refusals(self):
        return cgroups.value(self.counters, "pids_events", "max")

    def oom_kills(self):
        """How often the kernel ended a process of this session for its memory; 0 without a group."""
        return cgroups.value(self.counters, "memory_events", "oom_kill") or 0

    def cpu_ms(self):
        """Of the session, over all its life."""
        group = self._group_cpu_ms()
        if group is not None:
            return self.cpu_before_ms + group - self._group_start
        # Who was waited for counts in the first, who was seen in the second; who escaped one of them is in the other.
        waited = self._own_children() - self._times_at_start
        live = sum(self._sampled.values())
        return self.cpu_before_ms + int(1000 * max(waited + live, self._sampled_total))

    def memory_bytes(self):
        """Of the session now."""
        usage = cgroups.value(self.counters, "memory") if "memory" in self.counters else None
        if usage is None:
            return self.memory
        # The kernel takes back what it keeps of files (by version: "total_cache", "file").
        cache = cgroups.value(self.counters, "memory_stat", "total_cache")
        if cache is None:
            cache = cgroups.value(self.counters, "memory_stat", "file") or 0
        return max(0, usage - cache)

    def look(self):
        """
    One look. Returns (limit, pid) where something must be ended: all of it (pid None), or the one that has the most
        memory; else None.
        """
        started = time.monotonic()
        if self.proc_fd is not None and not ({"cpu", "memory", "pids"} <= set(self.counters)):
            self._scan()
        pids = cgroups.value(self.counters, "pids") if "pids" in self.counters else None
        if pids is not None:
            self.count = max(0, pids - 1)
        now = time.monotonic()
        # A session with hundreds of processes is not to spend its time being looked at.
        self.next = now + max(TICK, 20 * (now - started))
        if self.cpu_ms() > self.limits["cpuMs"]:
            return "cpu", None
        if "memory" not in self.counters and self.memory > self.limits["memoryBytes"]:
            return "memory", self.largest
        return ("processes", None) if self._is_full(now) else None

    def _is_full(self, now):
        """Whether the session has stood at its limit of processes, and wanted more, for seconds: a fork bomb."""
        refused = self._refusals()
        full = self.count >= self.limits["processes"] - 1
        if refused is not None:
            full = refused > self._refused
            self._refused = refused
        if not full:
            self._full_since = None
            return False
        if self._full_since is None:
            self._full_since = now
        return now - self._full_since > (1.5 if refused is not None else 3.0)

    def _scan(self):
        processes = scan(self.proc_fd)
        if self.proc_self != 1:
            processes = descendants(processes, self.proc_self)
        processes.pop(self.proc_self, None)
        seen = {}
        self.memory = 0
        largest = 0
        self.largest = None
        self.count = 0
        for pid, (_, _, state, cpu, memory) in processes.items():
            seen[pid] = cpu
            before = self._sampled.get(pid, 0.0)
            self._sampled_total += cpu - before if cpu >= before else cpu
            if state != b"Z":
                self.count += 1
            self.memory += memory
            if memory > largest:
                largest = memory
                # Numbers of a /proc that is not ours are no numbers of ours: then all have to go.
                self.largest = pid if self.proc_self == os.getpid() else None
        self._sampled = seen


class Disk:
    """How much a session has on disk. Measuring is left to others (`measure`); this says when, and what it means."""

    def __init__(self, limit, used, root_fd):
        self.limit = limit
        self.used = used
        self.root_fd = root_fd
        self.measured_at = 0.0
        self.cost = 0.0
        self.is_measuring = False
        self._written = 0
        self._free_then = self._free()
        self._at_begin = 0, self._free_then
        self._killed_at = 0

    def _free(self):
        has = os.statvfs(self.root_fd)
        return has.f_bfree * has.f_frsize

    def expected(self):
        """What it is at most by now, unless somebody else has made room on the same disk."""
        return self.used + self._written + max(0, self._free_then - self._free())

    def wrote(self, count):
        """The init itself has written so much."""
        self._written += count

    def at_most(self):
        """How much it is, where what was written has taken the place of nothing."""
        return self.used + self._written

    def left(self):
        """What may still be written."""
        return max(0, self.limit - self.at_most())

    def is_worth_a_look(self):
        """Whether it is time to look again before something is refused: at once, unless looking takes long."""
        return self.cost < TICK or time.monotonic() - self.measured_at > 2 * self.cost

    def is_due(self, now):
        """Whether it is time to measure: soon where much was written, seldom otherwise."""
        if self.is_measuring or now - self.measured_at < max(TICK / 2, 5 * self.cost):
            return False
        grown = self.expected() - self.used
        near = self.used + grown > 0.9 * self.limit or grown > self.limit / 8
        return near and grown > 0 or now - self.measured_at > max(2.0, 20 * self.cost)

    def begin(self):
        """A measurement begins. What is written from here on may be in it, or not: it counts besides."""
        self.is_measuring = True
        self._at_begin = self._written, self._free()

    def measured(self, used, seconds):
        """Its result. Returns True where the session is over its limit, and has grown since it was ended for that."""
        self.is_measuring = False
        written, self._free_then = self._at_begin
        self._written -= written
        self.measured_at = time.monotonic()
        self.cost = seconds
        self.used = used
        if used <= self.limit:
            self._killed_at = 0
            return False
        if used <= self._killed_at:
            return False  # What runs now may be what makes room.
        self._killed_at = used
        return True


# Empty files take room, too: in the table of files.
_LEAST = 1024


def measure(directories):
    """
    Bytes on disk below these directories (open file descriptors). A file with several names counts once, and each for 1 KiB
    at least.
    """
    total = 0
    linked = set()

    def see(_descriptor, entry, has):
        nonlocal total
        if has.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
            if (has.st_dev, has.st_ino) in linked:
                return
            linked.add((has.st_dev, has.st_ino))
        total += max(_LEAST, has.st_blocks * 512)

    for directory in directories:
        trees.visit(directory, see)
    return total
