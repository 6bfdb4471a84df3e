"""
For tests: a command under a real pseudo-terminal, as an agent runs it: standard input is typed, what is seen comes out.
The end of standard input is the end of the agent: the terminal hangs up.
"""
import os
import pty
import select
import signal
import sys


def main():
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp(sys.argv[1], [sys.argv[1], "-c", sys.argv[2]])
    typed = b""
    os.set_blocking(master, False)
    while True:
        reads, writes, _ = select.select([master] + ([0] if len(typed) < 65536 else []), [master] if typed else [], [])
        if 0 in reads:
            data = os.read(0, 65536)
            if not data:
                break
            typed += data
        if master in writes:
            try:
                typed = typed[os.write(master, typed):]
            except BlockingIOError:
                pass
        if master in reads:
            try:
                data = os.read(master, 32768)
            except OSError:
                break
            if not data:
                break
            while data:
                data = data[os.write(1, data):]
    os.close(master)
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError:
        pass
    os.waitpid(pid, 0)


main()
