/** Requests that no client would send: each is answered, none is a mistake of ours, and the next one is served. */
import assert from "node:assert/strict";
import type { Logger } from "../../src/telemetry/logger.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { beginSession, initialize, modern, notification, type RawRequest, rpc, send } from "./raw.ts";

/** Values that are not what anybody expects. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "\u0000",
  "ä\ud800",
  "x".repeat(5_000),
  [],
  [[]],
  {},
  { a: {} },
  "__proto__",
  "../../etc",
  "2026-07-28",
  "initialize",
];

const HEADERS = [
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "accept",
  "last-event-id",
];

type Pick1 = <T>(values: readonly T[]) => T;

/** Takes one place of a value, wherever it is, and puts something odd there, or takes it away, or doubles it. */
function bend(value: unknown, random: () => number, pick: Pick1): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(ODD);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(ODD)];
    const at = Math.floor(random() * value.length);
    const one = value[at];
    if (random() < 0.2) return [...value, one];
    return value.map((old, index) => index === at ? bend(one, random, pick) : old);
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { [String(pick(ODD))]: pick(ODD) };
  const [key, old] = pick(entries);
  const rest = Object.fromEntries(entries.filter(([name]) => name !== key));
  const dice = random();
  if (dice < 0.15) return rest;
  if (dice < 0.25) return { ...value, [String(pick(ODD))]: old };
  return { ...value, [key]: bend(old, random, pick) };
}

/** Header values that node takes. */
const headerOf = (value: unknown) => String(value).replace(/[^\x20-\x7e]/g, "?").slice(0, 2_000);

Deno.test("two thousand odd requests are all answered, none with a mistake of ours", async () => {
  const mistakes: string[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (message, fields) => void mistakes.push(`${message} ${Deno.inspect(fields, { depth: 6 })}`),
    child: () => log,
  };
  await using rig = await startEndpoint({ endpoint: { log, deadlineMs: 200, legacyElicitation: true } });
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const random = seededRandom(seed);
  const pick: Pick1 = (values) => values[Math.floor(random() * values.length)]!;
  const sessions = await Promise.all(
    ["2024-11-05", "2025-03-26", "2025-11-25"].map((version) => beginSession(rig.url, version)),
  );
  const call = { name: "add", arguments: { a: 1 }, _meta: { progressToken: 1 } };
  const good: (() => RawRequest)[] = [
    () => ({ body: initialize() }),
    () => ({ body: rpc("tools/call", call), headers: pick(sessions) }),
    () => ({
      body: rpc("tools/call", { name: "set_note", arguments: { name: "n", text: "t" } }),
      headers: pick(sessions),
    }),
    () => ({
      body: [rpc("ping"), notification("notifications/cancelled", { requestId: 1 })],
      headers: pick(sessions),
    }),
    () => ({ body: rpc("resources/read", { uri: "fixture://notes/alpha" }), headers: pick(sessions) }),
    () => ({
      body: rpc("prompts/get", { name: "explain", arguments: { note: "x" } }),
      headers: pick(sessions),
    }),
    () => ({
      body: rpc("completion/complete", {
        ref: { type: "ref/prompt", name: "explain" },
        argument: { name: "note", value: "a" },
      }),
      headers: pick(sessions),
    }),
    () => ({ body: rpc("logging/setLevel", { level: "info" }), headers: pick(sessions) }),
    () => ({ body: { jsonrpc: "2.0", id: "q-1", result: { action: "accept" } }, headers: pick(sessions) }),
    () => modern("tools/call", call, "add"),
    () => modern("server/discover"),
    () => modern("resources/list"),
  ];
  const odd = (): RawRequest => {
    const { body, headers = {} } = pick(good)();
    const bent = random() < 0.8 ? bend(body, random, pick) : body;
    const text = JSON.stringify(bent) ?? "";
    const cut = random() < 0.1 ? text.slice(0, Math.floor(random() * text.length)) : text;
    const header = random() < 0.3 ? { [pick(HEADERS)]: headerOf(pick(ODD)) } : {};
    const method = random() < 0.05 ? pick(["DELETE", "PUT", "OPTIONS", "HEAD", "PATCH"]) : "POST";
    return { method, headers: { ...headers, ...header }, body: cut };
  };
  const seen = new Map<number, number>();
  for (let round = 0; round < 100; round++) {
    const requests = Array.from({ length: 20 }, odd);
    await Promise.all(requests.map(async (request) => {
      const told = () => `seed ${seed}: ${JSON.stringify(request).slice(0, 2_000)}`;
      const answer = await send(rig.url, request).catch((error) => assert.fail(`${error}, ${told()}`));
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} ${answer.text}, ${told()}`);
      const internal = answer.messages.find(({ error }) => error?.code === -32603);
      assert.equal(internal, undefined, `${answer.text}, ${told()}`);
    }));
  }
  assert.deepEqual(mistakes, [], `seed ${seed}`);
  for (const status of [200, 202, 400, 404]) {
    assert.ok((seen.get(status) ?? 0) > 0, `${status} was never seen`);
  }
  const session = await beginSession(rig.url);
  const { messages } = await send(rig.url, { body: rpc("tools/call", call), headers: session });
  assert.equal((messages.at(-1)?.result?.["structuredContent"] as { sum: number }).sum, 1);
  assert.equal(rig.traces.changes, 0);
});
