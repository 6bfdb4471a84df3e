"""Where the interpreters are that sessions get: they may be installed anywhere, behind shims."""
import os
import shutil
import subprocess
import sys

import root


def prefixes(directory):
    """
    [(prefix, note)]: installations outside of the system's directories, of the Python that runs this and of the node found in
    PATH. `note` says why one is left out, and is empty otherwise. `directory` is the sandboxes': never shown.
    """
    found = []
    for name, prefix in (("python3", os.path.realpath(sys.base_prefix)), ("node", _node())):
        if prefix is None or any(prefix == one or prefix.startswith(one + "/") for one in root.SYSTEM):
            continue
        note = _refused(prefix, os.path.realpath(directory))
        found.append((prefix, "" if not note else "%s at %s is not shown to sessions: %s" % (name, prefix, note)))
    return found


def _node():
    found = shutil.which("node")
    if not found:
        return None
    executable = os.path.realpath(found)
    if not any(executable.startswith(one + "/") for one in root.SYSTEM):
        try:
            said = subprocess.run([found, "-p", "process.execPath"], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=10, check=True).stdout
            executable = os.path.realpath(said.decode().strip())
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return None
    prefix = os.path.dirname(os.path.dirname(executable))
    return prefix if os.path.basename(os.path.dirname(executable)) == "bin" else None


def _refused(prefix, directory):
    """Why this is no directory to show to anybody; empty where it is."""
    home = os.path.realpath(os.environ.get("HOME") or "/root")
    if prefix.count("/") < 2 or prefix == home or home.startswith(prefix + "/"):
        return "it would show more than an installation"
    if directory == prefix or directory.startswith(prefix + "/"):
        return "the sandboxes are below it"
    if not os.access(prefix, os.R_OK | os.X_OK):
        return "it cannot be read"
    return ""
