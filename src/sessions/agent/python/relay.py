# Run in a terminal, with SESSION, NONCE, MAY_BEGIN and IS_SENT (what a daemon is begun with comes unasked) set before: finds the session's daemon, or makes one, and is then the
# way to it. What comes out is raw; what is typed is base64, a line for each piece. Python 3.8 and its own modules alone.
import binascii, fcntl, json, os, select, socket, stat, sys, zlib


def say(word):
    os.write(1, (NONCE + word + "\n").encode())


def places():
    found = [os.path.expanduser("~") + "/.coder-k8s"]
    if os.environ.get("XDG_RUNTIME_DIR"):
        found.append(os.environ["XDG_RUNTIME_DIR"] + "/coder-k8s")
    return found + ["/tmp/coder-k8s-%d" % os.getuid()]


def own(path):
    # Whoever could put something here could be the session.
    has = os.lstat(path)
    if not stat.S_ISDIR(has.st_mode) or has.st_uid != os.getuid() or has.st_mode & 0o022:
        raise OSError("%s is not this user's alone" % path)


def enter(base, make):
    for path in (base, base + "/sessions", base + "/sessions/" + SESSION):
        if make:
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                pass
        own(path)
    os.chdir(path)
    return path


def connect():
    # By a name in the working directory: names of sockets are short.
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect("s")
        return one
    except OSError:
        one.close()
        return None


def begin(base, payload, origin):
    directory = enter(base, True)
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        one = connect()
        if one:
            return one
        try:
            os.unlink("s")
        except FileNotFoundError:
            pass
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("s")
        listener.listen(64)
        read, write = os.pipe()
        if os.fork() == 0:
            try:
                os.setsid()
                if os.fork() == 0:
                    os.close(read)
                    nothing = os.open("/dev/null", os.O_RDWR)
                    for number in range(3):
                        os.dup2(nothing, number)
                    os.close(lock)
                    os.chdir(origin)
                    code, spec = [zlib.decompress(binascii.a2b_base64(each)) for each in payload]
                    data = dict(json.loads(code), spec=json.loads(spec))
                    exec(data["boot"], {"data": data, "given": (listener, write, directory)})
            finally:
                os._exit(0)
        os.wait()
        os.close(write)
        listener.close()
        said = b""
        while True:
            piece = os.read(read, 4096)
            if not piece:
                break
            said += piece
        os.close(read)
        if said != b"ok":
            say("error " + binascii.b2a_base64(said, newline=False).decode())
            sys.exit()
        return connect()
    finally:
        os.close(lock)


def payload_lines():
    return [sys.stdin.buffer.readline() for _ in range(2)]


def find():
    origin = os.getcwd()
    payload = payload_lines() if IS_SENT else None
    there = []
    for base in places():
        try:
            directory = enter(base, False)
        except OSError:
            continue
        if os.path.exists("shell"):
            say("shell")
            sys.exit()
        one = connect()
        if one:
            return one
        there.append(base)
    if not there and not MAY_BEGIN:
        say("gone")
        sys.exit()
    if not payload:
        say("begin")
        payload = payload_lines()
    failure = None
    for base in there + places():
        try:
            one = begin(base, payload, origin)
            if one:
                return one
        except OSError as error:
            failure = error
    say("error " + binascii.b2a_base64(json.dumps({"error": "failed", "message":
        "there is no place for the session's state: %s" % failure}).encode(), newline=False).decode())
    sys.exit()


def between(one):
    one.setblocking(False)
    os.set_blocking(0, False)
    os.set_blocking(1, False)
    line, up, down = bytearray(), bytearray(), bytearray()
    most = 262144
    while True:
        reads = ([0] if len(up) < most else []) + ([one] if len(down) < most else [])
        writes = ([one] if up else []) + ([1] if down else [])
        reads, writes, _ = select.select(reads, writes, [])
        try:
            if 0 in reads:
                data = os.read(0, 65536)
                if not data:
                    return
                line += data
                at = line.rfind(b"\n") + 1
                if at:
                    for each in bytes(line[:at]).split():
                        up += binascii.a2b_base64(each)
                    del line[:at]
            if one in reads:
                data = one.recv(65536)
                if not data and not down:
                    return
                down += data
            if up:
                del up[:one.send(up)]
            if down:
                # Pieces that a terminal takes at once.
                del down[:os.write(1, down[:4096] if os.isatty(1) else down)]
        except BlockingIOError:
            pass


try:
    found = find()
    say("up")
    between(found)
except (OSError, ValueError, KeyboardInterrupt):
    pass
