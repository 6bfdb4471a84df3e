import assert from "node:assert/strict";
import type { ClientKind, ConnectedClient } from "../mcp/clients.ts";
import { waitFor } from "../cluster/mod.ts";
import { isForLater, startCalls } from "./calls.ts";

/** A client whose calls are answered by `answer`, with the number of the call. */
function kindOf(answer: (call: number) => { isError?: boolean; text: string }) {
  let connected = 0;
  let calls = 0;
  const kind = {
    name: "played",
    connect: () => {
      connected++;
      return Promise.resolve(
        {
          call: () => Promise.resolve().then(() => ({ isError: false, ...answer(++calls) })),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        } as unknown as ConnectedClient,
      );
    },
  } as unknown as ClientKind;
  return { kind, connections: () => connected };
}

async function run(answer: (call: number) => { isError?: boolean; text: string }, patienceMs = 60_000) {
  const { kind, connections } = kindOf(answer);
  await using calls = startCalls({
    url: "",
    token: "",
    kinds: [kind],
    tools: [{ tool: "t", args: {}, wrong: ({ text }) => text === "good" ? undefined : text }],
    patienceMs,
    pauseMs: 1,
  });
  await waitFor(() => Promise.resolve(calls.report.calls >= 3), { what: "three calls" });
  return { ...calls.report, connections: connections() };
}

Deno.test("a call that got no answer is made again until it has one", async () => {
  const { answers, lost, retries, reasons, connections } = await run((call) => {
    if (call <= 3) throw new Error("connection 12345 broke");
    return { text: "good" };
  });
  assert.ok(answers >= 2);
  assert.deepEqual([lost, retries, [...reasons]], [[], 3, [["connection … broke", 3]]]);
  assert.equal(connections, 3, "the first retry is on the same connection, later ones are on new ones");
});

Deno.test("an answer that says that it is for later is none; any other that is wrong counts as lost", async () => {
  const { lost, retries } = await run((call) =>
    call === 1
      ? { isError: true, text: "list: ServiceUnavailable (503): try again" }
      : { isError: call === 2, text: call === 2 ? "no such thing" : "good" }
  );
  assert.equal(retries, 1);
  assert.deepEqual(lost, ["played t: no such thing"]);
  assert.ok(!isForLater({ isError: false, text: "ServiceUnavailable (503)" }), "an answer that quotes it");
});

Deno.test("a call that has no answer in time is lost", async () => {
  const { lost, answers } = await run(() => {
    throw new Error("away");
  }, 1);
  assert.equal(answers, 0);
  assert.match(lost[0]!, /^played t: away after \d+ attempts$/);
});
