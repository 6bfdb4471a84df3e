/** What every client must be able to do, over every way to the server. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import type { CallAnswer, ClientKind, ConnectedClient, Route } from "./clients.ts";

export interface SuiteOptions {
  /** Whether questions reach the client: where they do not, changes go by plan tokens. */
  readonly elicits: boolean;
  /** All requests of a connection reach the same replica: where they do not, nobody can tell a call of the session era to end. */
  readonly sticky: boolean;
  /** All on one connection: where each is a process. @default {false} */
  readonly oneConnection?: boolean;
  /** Names of notes are made of it: suites that share a world do not meet. */
  readonly prefix: string;
}

const NOTE = "fixture://notes/alpha";

/** Runs all of it. */
export async function proveInterop(
  t: Deno.TestContext,
  kind: ClientKind,
  route: Route,
  { elicits, sticky, oneConnection = false, prefix }: SuiteOptions,
): Promise<void> {
  await using kept = oneConnection ? await kind.connect(route) : undefined;
  const step = (name: string, run: (client: ConnectedClient) => Promise<void>) =>
    t.step(name, async () => {
      if (kept !== undefined) return await run(kept);
      await using client = await kind.connect(route);
      await run(client);
    });
  await step("the version, the server and what it can do are agreed on", async (client) => {
    assert.equal(client.protocol, kind.protocol);
    assert.deepEqual([client.server.name, client.server.version], ["fixtures", "1.2.3"]);
    assert.equal(client.instructions, "Everything here is a fixture.");
    for (const one of ["tools", "resources", "prompts"]) assert.ok(one in client.capabilities, one);
    if (kind.protocol < "2026") await client.ping();
  });
  await step(
    "tools are listed, with schemas of what they answer where clients know these",
    async (client) => {
      const tools = await client.tools();
      const names = ["add", "count", "fail", "hang", "say", "set_note", "traces"];
      assert.deepEqual(tools.map(({ name }) => name), names);
      const schemas = tools.filter(({ outputSchema }) => outputSchema !== undefined);
      assert.equal(schemas.length, kind.protocol >= "2025-06-18" ? names.length : 0);
    },
  );
  await step("a tool answers with data, and its failures are answers", async (client) => {
    assert.equal(dataOf(await client.call("add", { a: 2, b: 3 }), kind)["sum"], 5);
    const failed = await client.call("fail");
    assert.deepEqual([failed.isError, failed.text], [true, "get Nothing lab/none: there is none"]);
    const wrong = await client.call("add", { a: "two" });
    assert.equal(wrong.isError, true);
    assert.match(wrong.text, /wrong arguments: a: /);
    await assert.rejects(client.call("none"), /none/);
    const long = await client.call("say", { text: "ä", times: 300_000 });
    assert.equal(dataOf(long, kind)["text"], "ä".repeat(300_000));
  });
  await step("many calls at once are answered each with its own", async (client) => {
    const sums = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      return dataOf(await client.call("add", { a: index, b: 100 }), kind)["sum"];
    }));
    assert.deepEqual(sums, Array.from({ length: 20 }, (_, index) => index + 100));
  });
  await step("progress is told while a tool works", async (client) => {
    const told: number[] = [];
    const answer = await client.call("count", { to: 4 }, { onProgress: ({ done }) => told.push(done) });
    assert.equal(dataOf(answer, kind)["counted"], 4);
    const notes = client.received.filter(({ method }) => method === "notifications/progress");
    const sent = notes.map(({ params }) => (params as { progress: number }).progress);
    assert.equal(sent.at(-1), 4);
    assert.deepEqual(sent, [...new Set(sent)].toSorted((a, b) => a - b));
    // Old clients hand on no progress that comes together with the answer.
    assert.deepEqual(told, sent.slice(0, told.length));
  });
  if (sticky || kind.protocol >= "2026") {
    await step("a call that is cancelled ends at the server", (client) => cancels(client, kind));
  }
  await step(
    "resources are listed by pages and read, and one that is not there is an error",
    async (client) => {
      const { uris, nextCursor } = await client.resources();
      const rest = nextCursor === undefined ? [] : (await client.resources(nextCursor)).uris;
      assert.deepEqual(
        [...uris, ...rest],
        ["alpha", "beta", "gamma", "delta"].map((name) => `fixture://notes/${name}`),
      );
      assert.deepEqual(await client.resourceTemplates(), ["fixture://notes/{name}"]);
      assert.equal(await client.read(NOTE), "This is alpha.");
      await assert.rejects(
        client.read("fixture://notes/none"),
        /Resource not found: fixture:\/\/notes\/none/,
      );
    },
  );
  await step("parameters that are not of the protocol are the client's mistake", async (client) => {
    // No client of ours sends such a URI by its own types.
    const error = await client.read(7 as never).then(() => assert.fail("it was read"), (reason) => reason);
    assert.match(`${(error as { code?: unknown }).code} ${error}`, /-32602/);
  });
  await step("prompts are listed, filled in and completed", async (client) => {
    assert.deepEqual(await client.prompts(), ["explain"]);
    assert.equal(await client.prompt("explain", { note: "beta" }), "Explain beta.");
    await assert.rejects(client.prompt("none", {}), /none/);
    assert.deepEqual(await client.complete("explain", "note", "a"), ["alpha"]);
  });
  await step(
    "a change is planned, and done once with the plan's token",
    (client) => plans(client, kind, prefix),
  );
  if (elicits && kind.canElicit) {
    await t.step(
      "a change is done when the person agrees, and not when they do not",
      () => asks(kind, route, prefix),
    );
  }
}

/** The data of an answer: for old clients, the text is the data. */
export function dataOf(answer: CallAnswer, { protocol }: ClientKind): Record<string, unknown> {
  assert.equal(answer.isError, false, answer.text);
  if (protocol >= "2025-06-18") return answer.structured ?? assert.fail("there is no structured content");
  assert.equal(answer.structured, undefined);
  return JSON.parse(answer.text);
}

async function cancels(client: ConnectedClient, kind: ClientKind): Promise<void> {
  const traces = async () => dataOf(await client.call("traces"), kind) as { hanging: number; ended: number };
  const before = await traces();
  const cancel = new AbortController();
  const call = client.call("hang", {}, { signal: cancel.signal });
  const rejected = assert.rejects(call);
  await waitFor(async () => (await traces()).hanging > before.hanging, {
    what: "the call to be under way",
    intervalMs: 10,
  });
  cancel.abort("the test has seen enough");
  await rejected;
  await waitFor(async () => (await traces()).ended > before.ended, {
    what: "the call to end at the server",
    intervalMs: 10,
  });
}

async function plans(client: ConnectedClient, kind: ClientKind, prefix: string): Promise<void> {
  const note = { name: `${prefix}-planned`, text: "new" };
  const answer = dataOf(await client.call("set_note", note), kind);
  const plan = answer["plan"] as { summary: string; diff: string; planToken: string };
  assert.equal(answer["updated"], false);
  assert.equal(plan.summary, `Write the note ${note.name}`);
  assert.equal(plan.diff, "- \n+ new");
  const other = await client.call("set_note", { ...note, text: "other", planToken: plan.planToken });
  assert.equal(other.isError, true);
  const again = dataOf(await client.call("set_note", note), kind)["plan"] as { planToken: string };
  const done = dataOf(await client.call("set_note", { ...note, planToken: again.planToken }), kind);
  assert.deepEqual([done["updated"], done["text"]], [true, "new"]);
  const nothing = dataOf(await client.call("set_note", note), kind);
  assert.deepEqual([nothing["updated"], nothing["plan"]], [false, undefined]);
}

async function asks(kind: ClientKind, route: Route, prefix: string): Promise<void> {
  const asked: string[] = [];
  const answers: ("accept" | "decline" | "cancel")[] = ["accept", "decline", "cancel"];
  await using client = await kind.connect(route, {
    elicit(message) {
      asked.push(message);
      return answers.shift() ?? "cancel";
    },
  });
  const name = `${prefix}-asked`;
  const done = dataOf(await client.call("set_note", { name, text: "yes" }), kind);
  assert.deepEqual([done["updated"], done["text"]], [true, "yes"]);
  for (const text of ["no", "neither"]) {
    const declined = await client.call("set_note", { name, text });
    assert.equal(declined.isError, true);
    assert.match(declined.text, /declined, and nothing was changed/);
  }
  assert.deepEqual(asked, [
    `Write the note ${name}?\n\n- \n+ yes`,
    `Write the note ${name}?\n\n- yes\n+ no`,
    `Write the note ${name}?\n\n- yes\n+ neither`,
  ]);
}
