/** Mistakes in parameters are the client's. */
import assert from "node:assert/strict";
import { tellWrongParams } from "./wrong_params.ts";

const failure = (code: number, message: string) => ({
  jsonrpc: "2.0" as const,
  id: 1,
  error: { code, message },
});

Deno.test("what a schema complains of becomes words, and a mistake of the client", () => {
  const issues = [
    { code: "invalid_type", path: ["params", "uri"], message: "expected string" },
    { code: "invalid_value", path: ["params", "level"], message: "expected debug" },
  ];
  assert.deepEqual(
    tellWrongParams(failure(-32603, JSON.stringify(issues, undefined, 2))),
    failure(-32602, "wrong parameters: params.uri: expected string; params.level: expected debug"),
  );
});

Deno.test("other answers stay as they are", () => {
  const others = [
    { jsonrpc: "2.0" as const, id: 1, result: {} },
    failure(-32603, "it is broken"),
    failure(-32603, "[broken"),
    failure(-32603, "[]"),
    failure(-32603, '[{"path":"a","message":"b"}]'),
    failure(-32601, '[{"path":[],"message":"b"}]'),
  ];
  for (const message of others) assert.equal(tellWrongParams(message), message);
});
