"""The root directory that a session sees: the machine's programs, read-only, and its own directories."""
import os

from kernel import (
    MNT_DETACH, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID,
    MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, mount, mount_attributes, pivot_root, umount,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts", "java-11-openjdk",
    "java-17-openjdk", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "mime.types",
    "nsswitch.conf", "os-release", "pki", "protocols", "python3", "python3.11", "services", "ssl", "timezone",
)
NETWORK_ETC = ("hosts", "resolv.conf")
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
         ("stderr", "/proc/self/fd/2"))


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


def bind(source, target, attributes):
    """`source` and what is mounted below it, at `target`, with mount attributes such as read-only."""
    _place(target, os.path.isdir(source))
    mount(source, target, None, MS_BIND | MS_REC)
    if attributes:
        mount_attributes(target, attributes)


def build(base, spec):
    """
    Makes the root at the empty directory `base` and moves this process into it. To be called in a mount namespace of
    one's own, as PID 1 of a PID namespace of one's own. `spec`: `binds` [[host path, path inside]], `read_only` [paths],
    `network` bool (the machine's own is used), `shm_bytes`, `uid`, `proc` bool. Returns whether /proc is there.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
    read_only = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    for path in SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), base + path)
        elif os.path.isdir(path):
            bind(path, base + path, read_only)
    _etc(base, spec, read_only)
    for path in spec["read_only"]:
        if os.path.exists(path) and not any(path == one or path.startswith(one + "/") for one in SYSTEM):
            bind(path, base + path, read_only)
    _dev(base, spec)
    for source, inside in spec["binds"]:
        bind(source, base + inside, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    os.makedirs(base + "/proc", 0o555)
    os.makedirs(base + "/run", 0o755)
    os.makedirs(base + "/var/tmp", 0o755)
    os.symlink("/tmp", base + "/var/tmp/session")
    has_proc = False
    if spec["proc"]:
        mount("proc", base + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        has_proc = True
    os.chdir(base)
    pivot_root(".", ".")
    umount(".", MNT_DETACH)
    os.chdir("/")
    mount("none", "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    return has_proc


def _etc(base, spec, read_only):
    os.mkdir(base + "/etc", 0o755)
    for name in ETC + (NETWORK_ETC if spec["network"] else ()):
        path = "/etc/" + name
        if os.path.exists(path):
            bind(os.path.realpath(path), base + path, read_only)
    uid = spec["uid"]
    _text(base + "/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\nsession:x:%d:%d::/home/session:/bin/sh\n"
          "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" % (uid, uid))
    _text(base + "/etc/group", "root:x:0:\nsession:x:%d:\nnogroup:x:65534:\n" % uid)
    _text(base + "/etc/hostname", "session\n")
    if not spec["network"]:
        _text(base + "/etc/hosts", "127.0.0.1 localhost session\n::1 localhost\n")


def _dev(base, spec):
    dev = base + "/dev"
    os.mkdir(dev, 0o755)
    for name in DEVICES:
        if os.path.exists("/dev/" + name):
            bind("/dev/" + name, dev + "/" + name, 0)
    for name, target in LINKS:
        os.symlink(target, dev + "/" + name)
    os.mkdir(dev + "/shm", 0o1777)
    mount("tmpfs", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=%d" % spec["shm_bytes"])
