"""
For tests: the operations on files without a sandbox around them, by frames over standard input and output. Loaded by
`bootstrap.py` in the place of the launcher.
"""
import json
import os
import random  # noqa: loaded here for tests that run as another uid, which may not see the library.
import zlib

import files
import frames
import paths


def main(options):
    """options: root, spool (directories), uid (None: as it is), beneath (False: without openat2), limits."""
    if not options["beneath"]:
        paths._beneath = False
    root_fd = os.open(options["root"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    limits = dict(options["limits"], spool_fd=os.open(options["spool"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    if options["uid"] is not None:
        os.setgroups([])
        os.setgid(options["uid"])
        os.setuid(options["uid"])
    os.umask(0o022)
    parser = frames.Parser()
    while True:
        ended, frame = parser.receive(lambda into: os.readv(0, [into]))
        if ended:
            return
        if frame is not None:
            header, body = frame
            answer, answer_body = _answer(header, body, root_fd, limits)
            for piece in frames.encode(dict(answer, id=header["id"]), answer_body):
                view = memoryview(piece)
                while len(view):
                    view = view[os.write(1, view):]


def _answer(header, body, root_fd, limits):
    try:
        if header["op"] == "file":
            own = dict(limits, **header.get("limits", {}))
            work = lambda: files.handle(header["name"], header["input"], body, root_fd, own)
            output, answer_body = _forked(header["name"], work) if header.get("fork") else work()
            return {"output": output}, answer_body or b""
        scope = {"root_fd": root_fd, "limits": limits, "argument": header.get("argument")}
        exec(header["code"], scope)
        return {"output": {"result": scope.get("result")}}, b""
    except files.FileError as error:
        return {"error": error.code, "message": error.message}, b""
    except Exception as error:
        return {"error": "internal", "message": "%s: %s" % (type(error).__name__, error)}, b""


def _forked(name, work):
    """As the init does it: answers of long operations come from a child."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                files.enter_child(name)
                answer = {"output": work()[0]}
            except files.FileError as error:
                answer = {"error": error.code, "message": error.message}
            os.write(write_end, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as source:
        text = source.read()
    _, status = os.waitpid(child, 0)
    if not text:
        raise files.FileError("limit", "the child ended without an answer: %d" % status)
    answer = json.loads(text)
    if "error" in answer:
        raise files.FileError(answer["error"], answer["message"])
    return answer["output"], None
