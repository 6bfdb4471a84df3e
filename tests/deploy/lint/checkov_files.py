"""Checks files of Kubernetes objects, each by itself, and prints a line of JSON for each finding.

checkov's own command starts anew for each file, which takes longer than the checks.
"""

import json
import logging
import sys

logging.disable(logging.CRITICAL)

from checkov.kubernetes.runner import Runner  # noqa: E402
from checkov.runner_filter import RunnerFilter  # noqa: E402

for path in sys.argv[1:]:
    report = Runner().run(
        root_folder=None, files=[path], runner_filter=RunnerFilter(framework=["kubernetes"])
    )
    if report.parsing_errors or not report.passed_checks:
        sys.exit(f"checkov understood nothing of {path}: {report.parsing_errors}")
    for found in report.failed_checks:
        print(
            json.dumps(
                {"path": path, "check": found.check_id, "text": found.check_name, "resource": found.resource}
            )
        )
