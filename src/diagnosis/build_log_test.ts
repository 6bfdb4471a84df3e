import assert from "node:assert/strict";
import { errorsIn, lastWords, saysNoQuota } from "./build_log.ts";
import type { LogLine } from "./coder_facts.ts";

function lines(level: string, stage: string, ...texts: string[]): LogLine[] {
  return texts.map((text, index) => ({ at: `2026-11-22T08:00:0${index}Z`, level, stage, text }));
}

const texts = (log: readonly LogLine[]) => errorsIn(log).map(({ text }) => text);

Deno.test("an error is all of its lines, without frames, colours and source", () => {
  const log = lines(
    "error",
    "Planning Infrastructure",
    "\u001b[31m╷\u001b[0m",
    "│ Error: Invalid function argument",
    '│   on main.tf line 8, in resource "terraform_data" "x":',
    '│    8:   input = file("/nonexistent")',
    "│     ├────────────────",
    "│ no file exists",
    "╵",
  );
  assert.deepEqual(errorsIn(log), [{
    at: "2026-11-22T08:00:01Z",
    stage: "Planning Infrastructure",
    text:
      'Error: Invalid function argument on main.tf line 8, in resource "terraform_data" "x": no file exists',
  }]);
});

Deno.test("two errors are two, and one that is said twice is one", () => {
  const log = lines(
    "error",
    "Starting workspace",
    "Error: first",
    "because",
    "Error: second",
    "Error: second",
  );
  assert.deepEqual(texts(log), ["Error: first because", "Error: second"]);
});

Deno.test("what is of another level or stage is not of the error", () => {
  const log = [
    ...lines("error", "Starting workspace", "Error: first"),
    ...lines("info", "Starting workspace", "pod: Destroying..."),
    ...lines("error", "Cleaning Up", "no such directory"),
    ...lines("error", "Starting workspace", "connection lost"),
  ];
  assert.deepEqual(texts(log), ["Error: first", "no such directory", "connection lost"]);
});

Deno.test("exit statuses alone are no words", () => {
  assert.deepEqual(texts(lines("error", "", "exit status 1")), []);
  assert.deepEqual(texts(lines("error", "", "terraform apply: exit status 1")), []);
  assert.deepEqual(texts(lines("warn", "", "Warning: exit status 1")), []);
});

Deno.test("an error is told in a dozen lines", () => {
  const many = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  assert.match(texts(lines("error", "", "Error: long", ...many)).join(), /line 10$/);
});

Deno.test("a quota of Coder is one, whoever says so", () => {
  const job = {
    status: "failed",
    error: "",
    errorCode: "",
    tags: {},
    workerName: "",
    queuePosition: 0,
    queueSize: 0,
  };
  assert.equal(saysNoQuota({ job }), false);
  assert.equal(saysNoQuota({ job: { ...job, error: "insufficient quota" } }), true);
  assert.equal(saysNoQuota({ job: { ...job, errorCode: "INSUFFICIENT_QUOTA" } }), true);
  assert.equal(saysNoQuota({ job }, lines("warn", "", "This build would exceed your quota. Failing.")), true);
  assert.equal(saysNoQuota({ job }, lines("error", "", "Error: exceeded quota: compute")), false);
});

Deno.test("the last words are the last that say something", () => {
  assert.equal(
    lastWords([...lines("info", "", "Still creating..."), ...lines("info", "Cleaning Up", "")])?.text,
    "Still creating...",
  );
  assert.equal(lastWords([]), undefined);
});
