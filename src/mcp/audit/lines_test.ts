import assert from "node:assert/strict";
import { Redactor } from "../../telemetry/redactor.ts";
import type { McpAuditRecord } from "../surface.ts";
import { lineOf } from "./lines.ts";

const RECORD: McpAuditRecord = {
  time: "2026-11-22T00:00:00.000Z",
  level: "info",
  method: "tools/call",
  caller: "ann",
  caller_method: "oidc",
  tool: "create_workspace",
  arguments: {},
  session_id: "5f2b8a",
  workspace_id: "5c5f6f9c-1111-4222-8333-444455556666",
  trace_id: "0af7651916cd43dd8448eb211c80319c",
  duration_ms: 12.5,
  success: true,
  changed: true,
};
const parsed = (record: McpAuditRecord, redactor = new Redactor()) => JSON.parse(lineOf(record, redactor));

Deno.test("all fields are there, session and trace among them", () => {
  assert.deepEqual(parsed(RECORD), RECORD);
});

Deno.test("a session id that is a secret is taken out all the same", () => {
  const redactor = new Redactor();
  redactor.add("5f2b8a");
  assert.equal(parsed(RECORD, redactor).session_id, "[redacted]");
});

Deno.test("planted secrets are in no line, wherever they stand and however they are wrapped", () => {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length)).toHex();
  for (let round = 0; round < 200; round++) {
    const [known, password, plan] = [random(12), random(8), random(27)];
    const coder = `${random(5)}-${random(11)}`;
    const jwt = `eyJ${random(10)}.eyJ${random(20)}.${random(16)}`;
    const redactor = new Redactor();
    redactor.add(known);
    const wrap = [
      (text: string) => text,
      (text: string) => `it said ${text}, twice: ${text}`,
      (text: string) => JSON.stringify({ deep: [text] }),
      (text: string) => `line\n"${text}"\n`,
    ];
    const any = (text: string) => wrap[round % wrap.length]!(text);
    const line = lineOf({
      ...RECORD,
      caller: any(known),
      tool: any(coder),
      session_id: any(jwt),
      workspace_id: any(known),
      trace_id: any(known),
      arguments: {
        [any("x")]: any(known),
        base64: btoa(known),
        password,
        planToken: plan,
        nested: { list: [any(coder), { token: password, env: { CODER_SESSION_TOKEN: password } }] },
        header: any(`Authorization: Bearer ${jwt}`),
        url: `https://user:${password}@example.com/`,
      },
      message: any(`refused: ${known} ${jwt}`),
    }, redactor);
    for (const secret of [known, btoa(known), password, plan, coder, jwt]) {
      assert.ok(!line.includes(secret), `${secret} is in ${line}`);
    }
    assert.equal(line.indexOf("\n"), line.length - 1);
    JSON.parse(line);
  }
});

Deno.test("arguments and messages that are too long are left out, and the rest is kept", () => {
  const long = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`a${index}`, "x".repeat(1_000)]),
  );
  const { arguments: args, message, tool } = parsed({ ...RECORD, arguments: long, message: "m" });
  assert.deepEqual([args, message, tool], ["[too long]", "[too long]", "create_workspace"]);
  assert.equal("message" in parsed({ ...RECORD, arguments: long }), false);
});

Deno.test("what cannot be written as it is still leaves a line", () => {
  const real = new Redactor();
  const redactor = {
    text: (text: string) => real.text(text),
    value(value: unknown) {
      if (Object.hasOwn(value as object, "arguments")) throw new RangeError("too deep");
      return real.value(value);
    },
  };
  const { tool, caller, level, unreadable } = JSON.parse(lineOf(RECORD, redactor));
  assert.deepEqual([tool, caller, level, unreadable], ["create_workspace", "ann", "warn", "RangeError"]);
});
