# Run inside of a session: tries what must not work. Prints JSON: {what: "refused: why" or "DONE ..."}.
import ctypes, errno, json, os, platform, signal, socket, sys, fcntl, resource

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
ARM = platform.machine() == "aarch64"
results = {}
descriptors = sorted(int(one) for one in os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
facts = json.loads(sys.argv[1])


def attempt(name, action):
    try:
        result = action()
        results[name] = "DONE %r" % (result,)
    except OSError as error:
        results[name] = "refused: %s" % errno.errorcode.get(error.errno, error.errno)
    except Exception as error:
        results[name] = "refused: %s" % type(error).__name__


def call(number, *arguments):
    value = libc.syscall(ctypes.c_long(number), *arguments)
    if value < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return value


def c(function, *arguments):
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "ok"


def read(path):
    with open(path, "rb") as file:
        return file.read(64)


def write(path, data=b"x"):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        return os.write(descriptor, data)
    finally:
        os.close(descriptor)


# ---- PID 1
attempt("read /proc/1/mem", lambda: read("/proc/1/mem"))
attempt("read /proc/1/environ", lambda: read("/proc/1/environ"))
attempt("list /proc/1/fd", lambda: os.listdir("/proc/1/fd"))
attempt("go to /proc/1/root", lambda: os.listdir("/proc/1/root"))
attempt("go to /proc/1/cwd", lambda: os.listdir("/proc/1/cwd"))
attempt("read /proc/1/maps", lambda: read("/proc/1/maps"))
attempt("trace PID 1", lambda: c(libc.ptrace, 16, 1, 0, 0))
attempt("seize PID 1", lambda: c(libc.ptrace, 0x4206, 1, 0, 0))
attempt("take a descriptor of PID 1", lambda: call(438, os.pidfd_open(1) if hasattr(os, "pidfd_open") else call(434, 1, 0), 3, 0))
attempt("read memory of PID 1", lambda: call(270 if ARM else 310, 1, 0, 0, 0, 0, 0) or read("/proc/1/mem"))

# ---- namespaces, mounts, the kernel
for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("pid", 0x20000000), ("net", 0x40000000)):
    attempt("unshare " + name, lambda: c(libc.unshare, flag))
attempt("clone with a user namespace", lambda: call(220 if ARM else 56, 0x10000000 | 17, 0, 0, 0, 0))
attempt("mount a tmpfs", lambda: c(libc.mount, b"tmpfs", b"/tmp", b"tmpfs", 0, None))
attempt("mount a proc", lambda: c(libc.mount, b"proc", b"/tmp", b"proc", 0, None))
attempt("make /usr writable", lambda: c(libc.mount, b"none", b"/usr", None, 4096 | 32, None))
attempt("unmount /usr", lambda: c(libc.umount2, b"/usr", 2))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("make a device", lambda: os.mknod("/tmp/device", 0o020600, os.makedev(1, 1)))
attempt("key ring", lambda: call(219 if ARM else 250, 0, -3, 1))
attempt("add a key", lambda: call(217 if ARM else 248, b"user", b"k", b"v", 1, -3))
attempt("bpf", lambda: call(280 if ARM else 321, 0, 0, 0))
attempt("io_uring", lambda: call(425, 1, 0))
attempt("userfaultfd", lambda: call(282 if ARM else 323, 0))
attempt("perf_event_open", lambda: call(241 if ARM else 298, 0, 0, -1, -1, 0))
attempt("set the clock", lambda: call(112 if ARM else 227, 0, 0))
attempt("set the host name", lambda: c(libc.sethostname, b"x", 1))
attempt("kernel log", lambda: call(116 if ARM else 103, 3, 0, 0))
attempt("open by handle", lambda: call(265 if ARM else 304, -100, 0, 0))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
attempt("raw packets", lambda: socket.socket(17, socket.SOCK_RAW))
attempt("raw IP", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("AF_ALG", lambda: socket.socket(38, socket.SOCK_SEQPACKET))
attempt("sysctl", lambda: write("/proc/sys/kernel/core_pattern"))
attempt("sysrq", lambda: write("/proc/sysrq-trigger"))
attempt("become root", lambda: os.setuid(0))
attempt("another uid", lambda: os.setuid(1234))
attempt("another gid", lambda: os.setgid(1234))
attempt("more groups", lambda: os.setgroups([0]))
attempt("raise a limit", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10**6, 10**6)))
attempt("raise priority", lambda: os.nice(-5))

# ---- files of others
for path in ("/usr/x", "/bin/x", "/etc/x", "/x", "/proc/x", "/dev/x", "/run/x", "/var/x", "/home/x"):
    attempt("write " + path, lambda: write(path))
for path in facts["secrets"]:
    attempt("read " + path, lambda: read(path))
    attempt("list the directory of " + path, lambda: os.listdir(os.path.dirname(path)))
for path in ("/etc/shadow", "/etc/ssl/private", "/var/run/secrets", "/var/lib", "/sys/kernel", "/dev/kmsg", "/dev/mem",
             "/dev/vda", "/dev/kvm", "/dev/tty", "/dev/ptmx", "/proc/kcore", "/proc/kmsg"):
    attempt("read " + path, lambda: os.listdir(path) if os.path.isdir(path) else read(path))

# ---- processes of others
for pid in facts["pids"]:
    attempt("signal %d" % pid, lambda: os.kill(pid, 0))
    attempt("read /proc/%d" % pid, lambda: os.listdir("/proc/%d" % pid))

# ---- the network
attempt("an abstract socket of the host", lambda: socket.socket(socket.AF_UNIX).connect("\0" + facts["abstract"]))
attempt("a port of the host", lambda: socket.create_connection(("127.0.0.1", facts["port"]), 5))
attempt("an address outside", lambda: socket.create_connection(("192.0.2.1", 80), 5))

# ---- terminals
attempt("TIOCSTI", lambda: fcntl.ioctl(0, 0x5412, b"x"))
attempt("a terminal", lambda: os.open("/dev/tty", os.O_RDWR))

observed = {
    "descriptors": descriptors,
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "pids": sorted(int(one) for one in os.listdir("/proc") if one.isdigit()),
    "session": os.getsid(0) == os.getpid(),
    "root": sorted(os.listdir("/")),
}
# These come last: they would end PID 1 if they reached it.
for number in range(1, 65):
    if number not in (32, 33):
        try:
            os.kill(1, number)
        except OSError:
            pass
status = {}
if os.path.exists("/proc/self/status"):
    for line in open("/proc/self/status"):
        name, _, value = line.partition(":")
        status[name] = value.strip()
print(json.dumps({"results": results, "observed": observed, "status": status}))
