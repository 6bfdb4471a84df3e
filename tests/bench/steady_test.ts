import { equal } from "node:assert/strict";
import { kindsOf } from "./steady.ts";

Deno.test("kinds of writes are told once each, in order", () => {
  const writes = [
    { verb: "update", resource: "secrets" },
    { verb: "patch", resource: "deployments" },
    { verb: "update", resource: "secrets" },
  ];
  equal(kindsOf(writes), " (patch deployments, update secrets)");
});

Deno.test("where nothing was written, nothing is told", () => {
  equal(kindsOf([]), "");
});
