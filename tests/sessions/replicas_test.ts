/** Two coordinators on a real Redis, workers that dial both, clients that are sent to either: sessions outlive them. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/wait.ts";
import { CLIENT_1, type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { type Answer, ask, refuses } from "./ask.ts";
import { startReplicas } from "./replicas_rig.ts";

/** One line more in a file of a session, and all of them. */
async function append(client: ConnectedClient, session: string, line: string): Promise<void> {
  const { exitCode, stderr } = await ask(client, "run.command", {
    session,
    command: `echo ${line} >> lines`,
  });
  assert.deepEqual([exitCode, stderr], [0, ""]);
}

async function lines(client: ConnectedClient, session: string): Promise<readonly string[]> {
  const { content } = await ask(client, "fs.read", { session, path: "lines" });
  return String(content).trim().split("\n");
}

const output = (client: ConnectedClient, session: string, process: unknown): Promise<Answer> =>
  ask(client, "process.output", { session, process });

Deno.test("two coordinators on one Redis", async (t) => {
  await using rig = await startReplicas({
    args: ["--worker-heartbeat-timeout=20s", "--cleanup-interval=5s"],
    workerArgs: ["--heartbeat-interval=2s"],
  });
  await using ann = await rig.client("ann");

  await t.step("calls of both eras, sent to either at random, are in the same sessions", async () => {
    await using old = await rig.client("ann", { kind: CLIENT_1 });
    const before = [...rig.router.shares];
    const { session } = await ask(ann, "session.create", { name: "shared" });
    for (let call = 0; call < 40; call++) {
      const client = call % 2 === 0 ? ann : old;
      await append(client, call % 4 < 2 ? "shared" : String(session), `${call}`);
      assert.equal((await lines(client, "shared")).length, call + 1);
    }
    const names = async (client: ConnectedClient) =>
      ((await ask(client, "session.list"))["sessions"] as { name: string }[]).map(({ name }) => name);
    for (let call = 0; call < 6; call++) {
      assert.deepEqual(await names(call % 2 === 0 ? ann : old), ["shared"]);
    }
    for (const [index, share] of rig.router.shares.entries()) {
      assert.ok(share - before[index]! > 5, `coordinator ${index} was called ${share} times`);
    }
    await ask(old, "session.close", { session: "shared" });
    assert.match(await refuses(ann, "fs.read", { session, path: "lines" }), /is over \(closed\)/);
    await old.endSession();
  });

  await t.step("of callers who all need a session at once each gets one", async () => {
    const clients = await Promise.all([0, 1, 0, 1].map((index) => rig.client("bob", { index })));
    const ran = await Promise.all(clients.map((client) => ask(client, "run.command", { command: "pwd" })));
    assert.ok(ran.every(({ exitCode }) => exitCode === 0));
    const { sessions } = await ask(clients[0]!, "session.list");
    assert.equal((sessions as unknown[]).length, 1);
    await ask(clients[0]!, "session.close", { session: "default" });
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  await t.step("one is killed: sessions, processes and checkpoints go on at the other", async () => {
    await using first = await rig.client("ann", { index: 0 });
    const { session } = await ask(first, "session.create", { name: "survivor" });
    await append(first, "survivor", "before");
    const { process } = await ask(first, "run.command", {
      session,
      command: "while [ ! -e stop ]; do sleep 0.1; done; echo stopped",
      waitMs: 0,
    });
    const { checkpoint } = await ask(first, "session.checkpoint", { session });
    rig.serving = [1];
    await rig.coordinator(0).stop("SIGKILL");
    assert.equal((await output(ann, "survivor", process))["exitCode"] ?? "running", "running");
    await append(ann, "survivor", "between");
    assert.deepEqual(await lines(ann, "survivor"), ["before", "between"]);
    const copy = await ask(ann, "session.create", { name: "copy", checkpoint });
    assert.deepEqual(await lines(ann, String(copy["session"])), ["before"]);
    await rig.start(0);
    await using again = await rig.client("ann", { index: 0 });
    assert.equal((await ask(again, "session.get", { session }))["state"], "ready");
    await append(again, "survivor", "after");
    await ask(again, "fs.write", { session, path: "stop", contents: "" });
    const ended = await waitFor(async () => {
      const answer = await output(again, "survivor", process);
      return answer["state"] !== "running" && answer;
    }, { what: "the process to end" });
    assert.match(JSON.stringify(ended), /stopped/);
    assert.deepEqual(await lines(ann, "survivor"), ["before", "between", "after"]);
    rig.serving = [0, 1];
    for (const name of ["survivor", "copy"]) await ask(ann, "session.close", { session: name });
  });

  await t.step("both are replaced, one after the other, under calls: none fails", async () => {
    await ask(ann, "session.create", { name: "rolling" });
    const enough = new AbortController();
    const failures: string[] = [];
    let calls = 0;
    const calling = [LATEST, CLIENT_1].map(async (kind, caller) => {
      const client = await rig.client("ann", { kind });
      while (!enough.signal.aborted) {
        const line = `${caller}-${calls++}`;
        await append(client, "rolling", line).catch((error) => void failures.push(`${line}: ${error}`));
      }
      await client[Symbol.asyncDispose]();
    });
    const more = async (index: number) => {
      const seen = rig.router.shares[index]!;
      await waitFor(() => rig.router.shares[index]! > seen + 5, { what: "calls at it" });
    };
    try {
      for (const index of [0, 1]) {
        await more(index);
        // As a Service does: nobody is sent there any more before it ends.
        rig.serving = [1 - index];
        await waitFor(() => rig.router.waiting[index] === 0, { what: "the last call there" });
        assert.equal(await rig.coordinator(index).stop(), 0);
        await rig.start(index);
        rig.serving = [0, 1];
        await more(index);
      }
    } finally {
      enough.abort();
      await Promise.all(calling);
    }
    assert.deepEqual(failures, []);
    const kept = await lines(ann, "rolling");
    assert.deepEqual([kept.length, new Set(kept).size], [calls, calls]);
    await ask(ann, "session.close", { session: "rolling" });
  });

  await t.step(
    "a worker that one coordinator alone hears loses no session, and the other says where it is",
    async () => {
      await using first = await rig.client("ann", { index: 0 });
      await using second = await rig.client("ann", { index: 1 });
      const { session, worker } = await ask(first, "session.create", { name: "apart" });
      await append(first, "apart", "one");
      const way = rig.way(String(worker), 1);
      way.isShut = true;
      // Longer than a worker may be silent.
      await rig.coordinator(1).line(
        ({ msg, worker: id }) => msg === "a worker has left" && id === worker ? true : undefined,
        "the worker to be given up",
      );
      const refusal = await refuses(second, "fs.read", { session, path: "lines" });
      assert.match(refusal, /nothing was done.*another coordinator/);
      await append(first, "apart", "two");
      way.isShut = false;
      await waitFor(async () => {
        const answer = await second.call("fs.read", { session, path: "lines" });
        return !answer.isError && /one\ntwo/.test(answer.text);
      }, { what: "the worker at the other coordinator again", timeoutMs: 120_000 });
      await ask(second, "session.close", { session });
    },
  );

  await t.step("Redis is away: calls say so, and all goes on when it is back", async () => {
    const { session } = await ask(ann, "session.create", { name: "away" });
    await append(ann, "away", "before");
    const { process } = await ask(ann, "run.command", { session, command: "sleep 600", waitMs: 0 });
    rig.redis.pause();
    const refused: string[] = [];
    try {
      for (const index of [0, 1]) {
        await using client = await rig.client("ann", { index });
        for (const call of [0, 1]) {
          refused.push(
            await refuses(client, "run.command", { session, command: `echo away-${call} >> lines` }),
          );
        }
        await waitFor(async () => (await fetch(`${rig.url(index)}/ready`).then(drained)) === 503, {
          what: "readiness to say so",
        });
        assert.equal(await fetch(`${rig.url(index)}/healthz`).then(drained), 200);
      }
    } finally {
      rig.redis.resume();
    }
    for (const text of refused) assert.match(text, /store/, text);
    for (const index of [0, 1]) {
      await waitFor(async () => (await fetch(`${rig.url(index)}/ready`).then(drained)) === 200, {
        what: "readiness",
      });
      await using client = await rig.client("ann", { index });
      const state = await waitFor(async () => {
        const answer = await client.call("session.get", { session });
        return !answer.isError && answer.structured?.["state"];
      }, { what: "the session" });
      assert.equal(state, "ready");
      await append(client, "away", `after-${index}`);
    }
    assert.deepEqual(await lines(ann, "away"), ["before", "after-0", "after-1"]);
    assert.equal((await output(ann, "away", process))["state"], "running");
    await ask(ann, "session.close", { session });
  });

  await t.step("nothing of it is left at the workers", async () => {
    await using root = await rig.client("root", { index: 0 });
    await ask(root, "session.create", { name: "own" });
    await ask(root, "session.close", { session: "own" });
    for (const index of [0, 1]) {
      await waitFor(async () => {
        const { workers } = await fetch(`${rig.url(index)}/debug/sessions`, {
          headers: { authorization: "Bearer root-0123456789abcdef" },
        }).then((answer) => answer.json());
        return workers.every(({ sessions }: { sessions: number }) => sessions === 0);
      }, { what: `places at coordinator ${index}`, timeoutMs: 120_000 });
    }
  });
});

async function drained(answer: Response): Promise<number> {
  await answer.body?.cancel();
  return answer.status;
}
