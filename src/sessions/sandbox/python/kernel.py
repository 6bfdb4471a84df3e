"""System calls that Python has no words for, by ctypes. Linux on x86_64 and aarch64."""
import ctypes
import fcntl
import os
import platform
import signal
import socket
import struct

_libc = ctypes.CDLL(None, use_errno=True)
# The one that keeps the interpreter's lock: what follows a fork must find it held.
_libc_locked = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc_locked.syscall.restype = ctypes.c_long

IS_ARM = platform.machine() in ("aarch64", "arm64")
SYS_CLONE = 220 if IS_ARM else 56
SYS_PIVOT_ROOT = 41 if IS_ARM else 155
SYS_CAPSET = 91 if IS_ARM else 126
SYS_MOUNT_SETATTR = 442

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_SLAVE = 4096, 8192, 16384, 1 << 18, 1 << 19
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAP_SYS_ADMIN = 21


def _check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result


def clone(flags):
    """Like os.fork(), into new namespaces. Only for a process of one thread."""
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = _libc_locked.syscall(
        ctypes.c_long(SYS_CLONE), ctypes.c_ulong(flags | signal.SIGCHLD), None, None, None, None
    )
    number = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, "clone 0x%x: %s" % (flags, os.strerror(number)))
    return pid


def unshare(flags):
    """unshare(2)."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare 0x%x" % flags)


def mount(source, target, kind, flags=0, data=None):
    """mount(2); paths are text or bytes."""
    _check(
        _libc.mount(
            os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, ctypes.c_ulong(flags),
            data.encode() if data else None,
        ),
        "mount %s on %s" % (os.fsdecode(source), os.fsdecode(target)),
    )


def umount(target, flags=0):
    """umount2(2)."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), "umount %s" % os.fsdecode(target))


def pivot_root(new_root, put_old):
    """pivot_root(2)."""
    _check(
        _libc.syscall(ctypes.c_long(SYS_PIVOT_ROOT), os.fsencode(new_root), os.fsencode(put_old)),
        "pivot_root to %s" % os.fsdecode(new_root),
    )


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8
_AT_RECURSIVE = 0x8000


def mount_attributes(target, attributes):
    """Sets attributes of a mount and of all below it. OSError ENOSYS on kernels before 5.12."""
    structure = _MountAttributes(attributes, 0, 0, 0)
    _check(
        _libc.syscall(
            ctypes.c_long(SYS_MOUNT_SETATTR), ctypes.c_int(-100), os.fsencode(target), ctypes.c_uint(_AT_RECURSIVE),
            ctypes.byref(structure), ctypes.c_size_t(ctypes.sizeof(structure)),
        ),
        "mount_setattr %s" % os.fsdecode(target),
    )


def prctl(option, first=0, second=0):
    """prctl(2)."""
    return _check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(first), ctypes.c_ulong(second), ctypes.c_ulong(0),
                    ctypes.c_ulong(0)),
        "prctl %d" % option,
    )


def is_node_root():
    """Whether this process is root of the machine, and not of a user namespace alone, with CAP_SYS_ADMIN."""
    if os.geteuid() != 0:
        return False
    try:
        with open("/proc/self/uid_map") as file:
            if file.read().split() != ["0", "0", "4294967295"]:
                return False
    except FileNotFoundError:
        pass  # A kernel without user namespaces: there is one root.
    with open("/proc/self/status") as file:
        effective = [int(line.split()[1], 16) for line in file if line.startswith("CapEff:")]
    return bool(effective) and bool(effective[0] >> CAP_SYS_ADMIN & 1)


def drop_bounding():
    """Nothing that is started from here on can gain capabilities. Needs CAP_SETPCAP, and is left out without."""
    capability = 0
    while capability < 64:
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == 22:  # EINVAL: the kernel knows no more.
                break
            if error.errno != 1:  # EPERM: without CAP_SETPCAP none can be dropped, nor gained with no_new_privs.
                raise
        capability += 1


def drop_capabilities():
    """Of this process, for good: bounding, ambient, inheritable, permitted and effective sets."""
    drop_bounding()
    try:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError:
        pass  # Kernels before 4.3 have none.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    _check(_libc.syscall(ctypes.c_long(SYS_CAPSET), header, sets), "capset")


def sethostname(name):
    """Of this UTS namespace."""
    data = name.encode()
    _check(_libc.sethostname(data, ctypes.c_size_t(len(data))), "sethostname")


def loopback_up():
    """Of this network namespace: it has nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING
