/** Questions to the person, of both eras, as they are on the wire: an answer counts for its own question alone. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { newSharedState } from "./fixture_world.ts";
import { initialize, modern, notification, open, type RawRequest, rpc, send } from "./raw.ts";

const TOKENS = { a: "ann", b: "bob" };
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const YES = { confirm: { action: "accept" } };

/** A change of the era without sessions, by a client that can ask. */
function setNote(
  text: string,
  more: object = {},
  token = "a",
  elicitation: object | null = {},
): RawRequest {
  const params = { name: "set_note", arguments: { name: "n", text }, ...more };
  const { body, headers } = modern("tools/call", params, "set_note");
  const call = body as { params: { _meta: Record<string, unknown> } };
  call.params._meta[CAPABILITIES] = elicitation === null ? {} : { elicitation };
  return { body, headers: { ...headers, authorization: `Bearer ${token}` } };
}

interface Asked {
  readonly resultType: string;
  readonly requestState?: string;
  readonly inputRequests?: { readonly confirm: { readonly params: { readonly message: string } } };
  readonly isError?: boolean;
  readonly structuredContent?: { readonly updated: boolean; readonly plan?: object };
}

async function ask(url: string, request: RawRequest): Promise<Asked> {
  const { status, messages, text } = await send(url, request);
  assert.equal(status, 200, text);
  return messages.at(-1)?.result as unknown as Asked ?? assert.fail(text);
}

Deno.test("an accepted question is carried out by whichever replica hears of it, and by none without", async () => {
  const shared = newSharedState();
  await using one = await startEndpoint({ tokens: TOKENS, shared });
  await using two = await startEndpoint({ tokens: TOKENS, shared });
  const first = await ask(one.url, setNote("new"));
  assert.equal(first.resultType, "input_required");
  assert.equal(first.inputRequests?.confirm.params.message, "Write the note n?\n\n- \n+ new");
  const requestState = first.requestState ?? assert.fail("there is no state");
  for (const inputResponses of [undefined, {}, { other: { action: "accept" } }]) {
    const again = await ask(two.url, setNote("new", { requestState, inputResponses }));
    assert.equal(again.resultType, "input_required");
  }
  for (const action of ["decline", "cancel"]) {
    const declined = await ask(
      two.url,
      setNote("new", { requestState, inputResponses: { confirm: { action } } }),
    );
    assert.equal(declined.isError, true);
  }
  assert.equal(shared.traces.changes, 0);
  const done = await ask(two.url, setNote("new", { requestState, inputResponses: YES }));
  assert.deepEqual([done.resultType, done.structuredContent?.updated], ["complete", true]);
  assert.equal(shared.traces.changes, 1);
});

Deno.test("an answer counts neither for somebody else, nor for another change, nor for another moment", async () => {
  let time = Date.now();
  await using rig = await startEndpoint({ tokens: TOKENS, endpoint: { now: () => time, answerMs: 60_000 } });
  const { requestState } = await ask(rig.url, setNote("new"));
  const yes = { requestState, inputResponses: YES };
  assert.equal((await ask(rig.url, setNote("new", yes, "b"))).resultType, "input_required");
  assert.equal((await ask(rig.url, setNote("other", yes))).resultType, "input_required");
  rig.traces.notes.set("n", "changed meanwhile");
  assert.equal((await ask(rig.url, setNote("new", yes))).resultType, "input_required");
  rig.traces.notes.delete("n");
  time += 61_000;
  assert.equal((await ask(rig.url, setNote("new", yes))).resultType, "input_required");
  time -= 61_000;
  assert.equal(rig.traces.changes, 0);
  assert.equal((await ask(rig.url, setNote("new", yes))).structuredContent?.updated, true);
});

Deno.test("a state that was not given here is refused", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS });
  await using other = await startEndpoint({ tokens: TOKENS });
  const { requestState = "" } = await ask(other.url, setNote("new"));
  for (const state of [requestState, `x${requestState}`, "", "a.b", "x".repeat(10_000)]) {
    const { messages } = await send(rig.url, setNote("new", { requestState: state, inputResponses: YES }));
    assert.equal(messages[0]?.error?.code, -32602, state);
  }
  assert.equal(rig.traces.changes, 0);
});

Deno.test("a client that can ask nobody is given a plan, also where it can only open pages", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS });
  for (const elicitation of [null, { url: {} }]) {
    const answer = await ask(rig.url, setNote("new", {}, "a", elicitation));
    assert.equal(answer.resultType, "complete");
    assert.ok(answer.structuredContent?.plan);
  }
});

Deno.test("in a session, a question waits for its answer, which only its own session can give", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS, endpoint: { legacyElicitation: true } });
  const begin = async (token: string) => {
    const authorization = `Bearer ${token}`;
    const body = initialize("2025-06-18", { elicitation: {} });
    const { headers } = await send(rig.url, { body, headers: { authorization } });
    const own = { authorization, "mcp-session-id": headers.get("mcp-session-id") ?? "" };
    await send(rig.url, { body: notification("notifications/initialized"), headers: own });
    return own;
  };
  const [ann, other, bob] = await Promise.all([begin("a"), begin("a"), begin("b")]);
  const call = rpc("tools/call", { name: "set_note", arguments: { name: "n", text: "new" } }, 5);
  const stream = await open(rig.url, { body: call, headers: ann });
  const id = await waitFor(() => /"id":"(q-[^"]+)"/.exec(stream.text)?.[1], {
    what: "the question",
    intervalMs: 5,
  });
  const answer = { jsonrpc: "2.0", id, result: { action: "accept", content: {} } };
  for (const headers of [other, bob]) {
    assert.equal((await send(rig.url, { body: answer, headers })).status, 400);
  }
  assert.equal(rig.traces.changes, 0);
  assert.equal((await send(rig.url, { body: answer, headers: ann })).status, 202);
  await stream.ended;
  assert.match(stream.text, /"updated":true/);
  assert.equal(rig.traces.changes, 1);
  // It was answered: there is no such question any more.
  assert.equal((await send(rig.url, { body: answer, headers: ann })).status, 400);
});
