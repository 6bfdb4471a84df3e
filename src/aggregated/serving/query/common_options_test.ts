import assert from "node:assert/strict";
import { StatusError } from "../status_errors.ts";
import { readCommonOptions } from "./common_options.ts";

const read = (query: string) => readCommonOptions({ query: new URLSearchParams(query) }).timeoutMs;

Deno.test("a timeout is a duration as Go writes it", () => {
  const cases: [string, number | undefined][] = [
    ["", undefined],
    ["timeout=", undefined],
    ["timeout=0s", undefined],
    ["timeout=30s", 30_000],
    ["timeout=1m30s", 90_000],
    ["timeout=1h", 3_600_000],
    ["timeout=500ms", 500],
    ["timeout=1.5s", 1_500],
  ];
  for (const [query, ms] of cases) assert.equal(read(query), ms, query);
});

Deno.test("a timeout that is none is a bad request", () => {
  for (const text of ["30", "x", "-5s", "5 s", "1s1m"]) {
    assert.throws(
      () => read(`timeout=${encodeURIComponent(text)}`),
      (error: unknown) =>
        error instanceof StatusError && error.code === 400 && error.message.includes("invalid timeout"),
      text,
    );
  }
});
