"""
Tries of file operations while an attacker swaps what they work on; run by the driver of file operations, in its process.
argument: {tries, seed, mark, archive, naive}. result: {outcomes: {"read ok": 12, …}, escapes: [what got out]}.
"""

import json
import os
import random
import zlib

import files

NAMES = (
    "dir/f", "dir/sub/f", "dir/a/b/c/f", "rel/f", "rel/sub/f", "abs/f", "abs/canary", "file", "file~", "pipe", "pipe~", "hard",
    "hard~", "gone", "n/a/b/c/f", "n/a/b/f", "n/a/sub/f", "n/a~/b/c/f", "p/q/r/up", "p/q/r/up2", "t/up", "t/up2", "t/f", "dir~/f",
    "rel~/canary", "dir/canary", "p/q/r/f",
)
NEW = ("dir/%s", "rel/%s", "dir/made/%s", "n/a/b/%s", "n/a/made/%s", "%s", "abs/made/er/%s", "t/%s")
# Of each file outside; none inside comes to it.
SIZE_OUTSIDE = 7919
DIRECTORIES = (".", "dir", "rel", "abs", "n/a", "n/a/b", "t", "p/q/r")
OPERATIONS = (
    ("read", 40), ("write", 12), ("create", 6), ("append", 10), ("edit", 14), ("list", 8), ("stat", 6), ("search", 3),
    ("pack", 0.5), ("unpack", 0.3),
)

def naive(op, path):
    """What a check of the path as text is worth: the control, which must be caught."""
    full = os.path.normpath(os.path.join("/proc/self/fd/%d" % root_fd, path))
    if op == "read":
        fd = os.open(full, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return {}, os.read(fd, 4096)
        finally:
            os.close(fd)
    return {"entries": os.listdir(full)}, None

def once(chance, number, argument):
    op = chance.choices([each for each, _ in OPERATIONS], [weight for _, weight in OPERATIONS])[0]
    path = chance.choice(NAMES)
    if argument.get("naive"):
        op = chance.choice(("read", "list"))
        return op, naive(op, path if op == "read" else chance.choice(DIRECTORIES))
    if op == "write" or op == "create":
        if chance.random() < 0.5:
            path = chance.choice(NEW) % ("new-%d" % (number % 50))
        mode = "create" if op == "create" else "replace"
        return op, files.handle("write", {"path": path, "mode": mode}, b"inside, written\n", root_fd, limits)
    if op == "append":
        return op, files.handle("write", {"path": path, "mode": "append"}, b"inside, more\n", root_fd, limits)
    if op == "edit":
        edits = [{"old": "inside", "new": "inside", "all": True}, {"old": "i", "new": "i", "all": True}]
        if chance.random() < 0.7:
            edits.append({"old": "inside", "new": "inSide", "all": True})
        if chance.random() < 0.3:
            edits = [{"old": argument["mark"], "new": "changed", "all": True}]
        return op, files.handle("edit", {"path": path, "edits": edits}, None, root_fd, limits)
    if op in ("list", "search"):
        input = {"path": chance.choice(DIRECTORIES), "depth": chance.choice((1, 4)), "query": argument["mark"]}
        return op, files.handle(op, input, None, root_fd, limits)
    if op == "pack":
        output, _ = files.handle("pack", {"archive": "arch-race"}, None, root_fd, limits)
        with os.fdopen(os.open("arch-race.tar.gz", os.O_RDONLY, dir_fd=limits["spool_fd"]), "rb") as packed:
            # Links are packed as links, with the names that they lead to; contents are what counts.
            return op, (output, zlib.decompress(packed.read(), 31))
    if op == "unpack":
        return op, files.handle("unpack", argument["archive"], None, root_fd, limits)
    return op, files.handle(op, {"path": path}, None, root_fd, limits)

def escaped(op, output, body, mark):
    """What only what is outside has: the mark in its contents, a name, a size."""
    if body is not None and mark.encode() in bytes(body):
        return "contents"
    if op == "search":
        return "a match" if output["matches"] else None
    if op == "list":
        names = [each["path"] if isinstance(each, dict) else each for each in output["entries"]]
        return "a name" if any("only-outside" in name for name in names) else None
    if output.get("size") == SIZE_OUTSIDE:
        return "a size"
    return "something" if mark in json.dumps(output) else None

def tries(argument):
    chance = random.Random(argument["seed"])
    outcomes, escapes = {}, []
    for number in range(argument["tries"]):
        try:
            op, (output, body) = once(chance, number, argument)
            what = escaped(op, output, body, argument["mark"])
            if what:
                escapes.append("%s: %s (try %d of seed %d)" % (op, what, number, argument["seed"]))
            ended = "ok"
        except files.FileError as error:
            op, ended = "all", error.code
            if argument["mark"] in error.message:
                escapes.append("a message: %s" % error.message)
        except OSError as error:
            op, ended = "naive", type(error).__name__
        key = "%s %s" % (op, ended)
        outcomes[key] = outcomes.get(key, 0) + 1
        if argument.get("naive") and escapes:
            break
    return {"outcomes": outcomes, "escapes": escapes[:20]}

result = tries(argument)
