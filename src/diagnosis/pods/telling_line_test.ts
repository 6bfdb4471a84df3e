import assert from "node:assert/strict";
import { tellingLine } from "./telling_line.ts";

/** Ends of real logs, with the line that tells. */
const LOGS: readonly (readonly [name: string, lines: readonly string[], telling: string])[] = [
  [
    "a panic of Go",
    [
      "INFO starting",
      "panic: runtime error: invalid memory address or nil pointer dereference",
      "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4b2d3a]",
      "",
      "goroutine 1 [running]:",
      "main.main()",
      "\t/src/main.go:7 +0x1d",
      "exit status 2",
    ],
    "panic: runtime error: invalid memory address or nil pointer dereference",
  ],
  [
    "a traceback of Python",
    [
      "starting up",
      "Traceback (most recent call last):",
      '  File "/app/main.py", line 3, in <module>',
      "    connect()",
      "ConnectionRefusedError: [Errno 111] Connection refused",
      "",
    ],
    "ConnectionRefusedError: [Errno 111] Connection refused",
  ],
  [
    "an exception of Java",
    [
      "2026-11-22 07:59:00 INFO  Boot",
      'Exception in thread "main" java.lang.IllegalStateException: no configuration',
      "\tat com.acme.Main.main(Main.java:12)",
      "Caused by: java.io.FileNotFoundException: /etc/acme.yaml (No such file or directory)",
      "\t... 3 more",
    ],
    "Caused by: java.io.FileNotFoundException: /etc/acme.yaml (No such file or directory)",
  ],
  [
    "the coder server",
    [
      "Started HTTP listener at http://0.0.0.0:8080",
      'Encountered an error running "coder server", see "coder server --help" for more information',
      'error: connect to postgres: pq: password authentication failed for user "coder"',
      "",
    ],
    'error: connect to postgres: pq: password authentication failed for user "coder"',
  ],
  [
    "logs of JSON",
    [
      '{"level":"info","msg":"ok"}',
      '{"level":"error","msg":"no route"}',
      '{"level":"info","msg":"shutting down"}',
    ],
    '{"level":"error","msg":"no route"}',
  ],
  ["a shell", ["+ start", "/bin/sh: 1: agent: not found"], "/bin/sh: 1: agent: not found"],
  [
    "klog",
    ["I1122 07:00:00.0 1 main.go:1] up", "E1122 07:00:01.0 1 main.go:2] lost the lease", "I1122 bye"],
    "E1122 07:00:01.0 1 main.go:2] lost the lease",
  ],
  ["a fatal word", [
    "level=error msg=slow",
    'time=x level=fatal msg="cannot listen"',
    "level=error msg=later",
  ], 'time=x level=fatal msg="cannot listen"'],
  ["colours", ["\u001b[31mERROR\u001b[0m no space left on device", "bye"], "ERROR no space left on device"],
  ["nothing that tells", ["one", "two", "", "  "], "two"],
  [
    "counts of errors that are none",
    ["migration failed", "done: 0 errors", "error=<nil> finished"],
    "migration failed",
  ],
];
for (const [name, lines, telling] of LOGS) {
  Deno.test(`the line that tells is picked: ${name}`, () => assert.equal(tellingLine(lines), telling));
}

Deno.test("an empty log tells nothing, and a long line is cut", () => {
  assert.equal(tellingLine([]), undefined);
  assert.equal(tellingLine(["", "   "]), undefined);
  assert.equal(tellingLine([`error: ${"x".repeat(2_000)}`])!.length, 500);
});

Deno.test("a traceback that is cut off is told by what else there is", () => {
  assert.equal(
    tellingLine(["Traceback (most recent call last):", '  File "/app/main.py", line 3']),
    '  File "/app/main.py", line 3'.trim(),
  );
});
