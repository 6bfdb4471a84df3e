import json
import os
import re
import sys
import traceback
import unittest

_NAMED = re.compile(r'File "([^"\n]+)", line (\d+)')
_report = open(os.environ.pop("REPORT"), "w", encoding="utf-8", errors="replace")


def _tell(**fields):
    _report.write(json.dumps(fields) + "\n")
    _report.flush()


def _place(trace):
    """The innermost place that is not in unittest, and in a library only where all are."""
    found = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(trace)
        if "__unittest" not in frame.f_globals
    ]
    own = [one for one in found if one[0].startswith(os.getcwd() + os.sep) and "site-packages" not in one[0]]
    return (own or found or [(None, None)])[-1]


class _Result(unittest.TextTestResult):
    """Tells each test's end. A test of which parts have failed is told by these alone."""

    def _failed(self, test, status, error):
        kind, value, trace = error
        file, line = _place(trace)
        message = self._exc_info_to_string(error, test)
        if file is None:
            # A module that could not be loaded: its error is here as text.
            named = [one for one in _NAMED.findall(message) if one[0].startswith(os.getcwd() + os.sep)]
            file, line = (named[-1][0], int(named[-1][1])) if named else (None, None)
        _tell(name=test.id(), status=status, file=file, line=line, message=message)

    def addSuccess(self, test):
        super().addSuccess(test)
        _tell(name=test.id(), status="passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._failed(test, "failed", err)

    def addError(self, test, err):
        super().addError(test, err)
        self._failed(test, "error", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        _tell(name=test.id(), status="skipped")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        _tell(name=test.id(), status="passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        _tell(name=test.id(), status="failed", message="it was expected to fail, and did not")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed(subtest, "failed" if issubclass(err[0], test.failureException) else "error", err)


class _Runner(unittest.TextTestRunner):
    resultclass = _Result


_report.write("{}\n")
sys.path.insert(0, os.getcwd())
unittest.main(module=None, argv=["python3 -m unittest"] + sys.argv[1:], testRunner=_Runner)
