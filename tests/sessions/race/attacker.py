"""
A process in a session that swaps directories, files and links all the time, in the hope that file operations follow one of
them out: `attacker.py ROOT OUTSIDE SEED UID HARD`. Ends with its standard input; says `ready`, and at the end how often it
swapped. With a UID (0: the same) it is held in ROOT itself: whatever happens outside was not its doing. Without (`-`) it is
in a sandbox, which sees to that.
"""
import ctypes
import os
import random
import select
import shutil
import sys

OUTSIDE, SEED, UID = sys.argv[2], int(sys.argv[3]), sys.argv[4]
# Hard links are a way out only where the owner of a file says whose it is; elsewhere session and worker are one.
HARD = sys.argv[5] == "hard"
ROOT = sys.argv[1] if UID == "-" else "/"
EXCHANGE, HERE = 2, -100
libc = ctypes.CDLL(None, use_errno=True)
chance = random.Random(SEED)
count = 0


def at(*names):
    return os.path.join(ROOT, *names)


def swap(one, other):
    global count
    if libc.renameat2(HERE, one.encode(), HERE, other.encode(), EXCHANGE) == 0:
        count += 1
        return True
    return False


def tried(action, *arguments):
    try:
        return action(*arguments)
    except OSError:
        return None


def filled(path, text):
    # A new file: it must not write into what it has a second name of.
    tried(os.unlink, path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(fd, text.encode())
    os.close(fd)


def directory(path):
    """With the names that there are outside as well."""
    for name in ("sub", "a/b/c"):
        os.makedirs(os.path.join(path, name), exist_ok=True)
    for name in ("f", "sub/f", "a/b/c/f"):
        filled(os.path.join(path, name), "inside\n" * 3)


def link(path, target):
    if os.path.islink(path):
        return
    if os.path.isdir(path):
        return
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def hard(path):
    """A second name of what is outside: `spare` is one, and is put there again where it was lost."""
    if not os.path.lexists(path) or os.lstat(path).st_nlink == 1:
        tried(os.unlink, path)
        os.link(at("spare"), path)


def build():
    """All that is swapped; what is there as it should be stays."""
    for name in ("dir", "rel", "abs", "n"):
        if not os.path.isdir(at(name)) and not os.path.isdir(at(name + "~")):
            tried(directory, at(name))
    for name, target in (("dir", OUTSIDE), ("rel", "../" + os.path.basename(OUTSIDE)), ("abs", OUTSIDE)):
        tried(link, at(name + "~"), target)
    tried(directory, at("n/own"))
    for path in ("n/a~", "n/a/b~", "n/a/b/c~"):
        tried(link, at(path), os.path.join(OUTSIDE, path[2:-1]))
    for name in ("file", "pipe", "hard", "gone"):
        tried(filled, at(name), "inside\n" * 3)
    tried(link, at("file~"), os.path.join(OUTSIDE, "canary"))
    if not os.path.lexists(at("pipe~")):
        tried(os.mkfifo, at("pipe~"))
    if HARD:
        tried(hard, at("hard~"))
    # A link that goes up, in a directory that is moved up: where it leads then is above the root.
    tried(os.makedirs, at("p/q/r"), 0o755, True)
    tried(os.makedirs, at("t"), 0o755, True)
    for name in ("p/q/r", "t"):
        tried(link, at(name, "up"), "../../canary")
        tried(link, at(name, "up2"), "../../%s/canary" % os.path.basename(OUTSIDE))
        tried(filled, at(name, "f"), "inside\n" * 3)


def burst():
    for _ in range(chance.randint(20, 200)):
        for one in ("dir", "rel", "abs", "file", "pipe", "n/a", "n/a/b", "n/a/b/c"):
            swap(at(one), at(one + "~"))
        swap(at("p/q/r"), at("t"))
        if HARD:
            swap(at("hard"), at("hard~"))


def meddle():
    """With what the operations put beside: files that are written, directories that are unpacked into."""
    for name in tried(os.listdir, ROOT) or []:
        if name.startswith(".write-"):
            tried(os.unlink, at(name))
            tried(os.symlink, os.path.join(OUTSIDE, "canary"), at(name))
        elif name.startswith(".restore-"):
            for inner in tried(os.listdir, at(name)) or []:
                tried(os.rename, at(name, inner), at(name, inner + "~"))
                tried(os.symlink, OUTSIDE, at(name, inner))
            if chance.random() < 0.3:
                tried(os.rename, at(name), at("taken"))
                tried(os.symlink, OUTSIDE, at(name))
    if chance.random() < 0.5:
        tried(os.unlink, at("gone"))
        tried(os.symlink, os.path.join(OUTSIDE, "canary"), at("gone"))
    else:
        tried(os.unlink, at("gone"))
        tried(filled, at("gone"), "inside\n" * 3)


def tidy():
    """What was put aside would fill the disk."""
    for name in tried(os.listdir, ROOT) or []:
        if name.startswith(("taken", "new-", ".restore-", ".write-")):
            path = at(name)
            if os.path.islink(path) or not os.path.isdir(path):
                tried(os.unlink, path)
            else:
                shutil.rmtree(path, ignore_errors=True)


if UID != "-":
    os.chroot(sys.argv[1])
    os.chdir("/")
    if int(UID):
        os.setgroups([])
        os.setgid(int(UID))
        os.setuid(int(UID))
build()
print("ready", flush=True)
# Nobody asks for it any more: its input has ended, or whoever started it is gone.
while not select.select([0], [], [], 0)[0]:
    burst()
    meddle()
    if chance.random() < 0.2:
        build()
    if chance.random() < 0.05:
        tidy()
print(count, flush=True)
