"""Runs a program at a pseudo-terminal for tests: commands as lines of JSON at standard input, events at standard output.

Usage: terminal.py COLUMNS ROWS PROGRAM ARG...
Commands: {"type": text}, {"resize": [columns, rows]}, {"signal": number}, {"hangup": true}
Events: {"output": text}, {"exit": code, "raw": whether the terminal was left in raw mode}
"""
import codecs, fcntl, json, os, pty, select, signal, struct, sys, termios


def size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def tell(event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


columns, rows = int(sys.argv[1]), int(sys.argv[2])
master, slave = pty.openpty()
size(master, columns, rows)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.close(master)
    os.close(slave)
    os.execvp(sys.argv[3], sys.argv[3:])

code = None
# What is read may end in the middle of a letter.
text = codecs.getincrementaldecoder("utf-8")("replace")
commands = b""
wanted = [master, sys.stdin.fileno()]
while True:
    ready, _, _ = select.select(wanted, [], [], 0.05)
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            data = b""
        if data:
            tell({"output": text.decode(data)})
            continue
        wanted.remove(master)
    if sys.stdin.fileno() in ready:
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            wanted.remove(sys.stdin.fileno())
        commands += data
        while b"\n" in commands:
            line, commands = commands.split(b"\n", 1)
            command = json.loads(line)
            if "type" in command:
                os.write(master, command["type"].encode())
            elif "resize" in command:
                size(master, *command["resize"])
                os.kill(pid, signal.SIGWINCH)
            elif "signal" in command:
                os.kill(pid, command["signal"])
    done, status = os.waitpid(pid, os.WNOHANG)
    if done == pid:
        code = os.waitstatus_to_exitcode(status)
        break

# What it wrote last may still be on its way: before what is written after it.
LAST = b"\x00the last of it\x00"
rest = b""
while select.select([master], [], [], 0)[0]:
    rest += os.read(master, 65536)
os.write(slave, LAST)
while LAST not in rest:
    rest += os.read(master, 65536)
tell({"output": text.decode(rest[: rest.index(LAST)], True)})
flags = termios.tcgetattr(slave)[3]
tell({"exit": code, "raw": not flags & termios.ICANON or not flags & termios.ECHO})
