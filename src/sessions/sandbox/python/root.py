"""The root directory that a session sees: the machine's programs, read-only, and its own directories."""
import errno
import os

from kernel import (
    MNT_DETACH, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, MS_BIND, MS_NODEV,
    MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, mount, mount_attributes, pivot_root, umount,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What programs look up; nothing of this machine's own. Of /etc/ssl not the private keys.
ETC = (
    "alternatives", "ca-certificates.conf", "debian_version", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "magic", "mime.types", "nsswitch.conf", "os-release", "pki/tls/certs", "pki/ca-trust", "protocols", "services",
    "ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "timezone",
)
NETWORK_ETC = ("hosts", "resolv.conf")
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
         ("stderr", "/proc/self/fd/2"))
# Names in a session's directory on the host, and where the session sees them.
DIRECTORIES = (("workspace", "/workspace"), ("home", "/home/session"), ("tmp", "/tmp"))
READ_ONLY = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
_FLAGS = ((MOUNT_ATTR_RDONLY, MS_RDONLY), (MOUNT_ATTR_NOSUID, MS_NOSUID), (MOUNT_ATTR_NODEV, MS_NODEV),
          (MOUNT_ATTR_NOEXEC, MS_NOEXEC))


def _text(path, text):
    with open(path, "w") as file:
        file.write(text)


def _place(path, is_directory):
    """An empty file or directory to mount on."""
    if is_directory:
        os.makedirs(path, 0o755, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    if not os.path.lexists(path):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _restrict(target, attributes):
    try:
        mount_attributes(target, attributes)
        return
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    # Before Linux 5.12: each mount by itself, with the flags that it has, which a user namespace may not take away.
    target = os.path.realpath(target)
    wanted = sum(flag for attribute, flag in _FLAGS if attributes & attribute)
    with open("/proc/self/mountinfo") as file:
        points = [line.split(" ")[4].encode().decode("unicode_escape") for line in file]
    for point in points:
        if point == target or point.startswith(target + "/"):
            has = os.statvfs(point).f_flag & 0xF
            mount("none", point, None, MS_BIND | MS_REMOUNT | wanted | has)


def bind(source, target, attributes):
    """`source` and what is mounted below it, at `target`, with mount attributes such as read-only."""
    _place(target, os.path.isdir(source))
    mount(source, target, None, MS_BIND | MS_REC)
    _restrict(target, attributes)


def build(spec):
    """
    Makes a root at `root` of the working directory, a session's own on the host, and moves this process into it. To be
    called in a mount namespace of one's own, as PID 1 of a PID namespace of one's own. `spec`: `read_only` [paths],
    `host_network` bool, `shm_bytes`, `uid`, `proc` bool. Raises OSError.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    base = "root"
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
    for path in SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), base + path)
        elif os.path.isdir(path):
            bind(path, base + path, READ_ONLY)
    _etc(base, spec)
    for path in spec["read_only"]:
        bind(path, base + path, READ_ONLY)
    _dev(base, spec)
    for name, inside in DIRECTORIES:
        bind(name, base + inside, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    for name in ("/proc", "/run", "/var"):
        os.makedirs(base + name, 0o755, exist_ok=True)
    if not os.path.lexists(base + "/var/tmp"):
        os.symlink("/tmp", base + "/var/tmp")
    if spec["proc"]:
        mount("proc", base + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(base)
    pivot_root(".", ".")
    umount(".", MNT_DETACH)
    os.chdir("/")
    mount("none", "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _etc(base, spec):
    os.makedirs(base + "/etc", 0o755, exist_ok=True)
    for name in ETC + (NETWORK_ETC if spec["host_network"] else ()):
        path = "/etc/" + name
        if os.path.exists(path) and os.access(path, os.R_OK):
            bind(os.path.realpath(path), base + path, READ_ONLY)
    uid = spec["uid"]
    _text(base + "/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\nsession:x:%d:%d::/home/session:/bin/sh\n"
          "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" % (uid, uid))
    _text(base + "/etc/group", "root:x:0:\nsession:x:%d:\nnogroup:x:65534:\n" % uid)
    _text(base + "/etc/hostname", "session\n")
    if not spec["host_network"]:
        _text(base + "/etc/hosts", "127.0.0.1 localhost session\n::1 localhost\n")


def _dev(base, spec):
    dev = base + "/dev"
    os.makedirs(dev, 0o755, exist_ok=True)
    for name in DEVICES:
        if os.path.exists("/dev/" + name):
            _place(dev + "/" + name, False)
            mount("/dev/" + name, dev + "/" + name, None, MS_BIND)
            _restrict(dev + "/" + name, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
    for name, target in LINKS:
        os.symlink(target, dev + "/" + name)
    os.mkdir(dev + "/shm", 0o1777)
    mount("tmpfs", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=%d" % spec["shm_bytes"])
