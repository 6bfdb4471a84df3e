import assert from "node:assert/strict";
import { isLoopback } from "./loopback.ts";

Deno.test("loopback is loopback in all its forms", () => {
  for (
    const one of ["127.0.0.1", "127.8.9.255", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
  ) {
    assert.ok(isLoopback(one), one);
  }
});

Deno.test("everything else may be reached by others", () => {
  const others = [
    "0.0.0.0",
    "::",
    "",
    "10.0.0.1",
    "127.0.0.256",
    "127.1",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "1127.0.0.1",
    "::ffff:10.0.0.1",
  ];
  for (const one of others) assert.ok(!isLoopback(one), one);
});
