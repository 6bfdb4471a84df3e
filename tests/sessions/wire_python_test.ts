/** A worker in another language, with a client that is made of `coordinator.proto` by that language's own tools. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { linesOf } from "./python/lines.ts";
import { grpcRig, testToken } from "../../src/sessions/wire/grpc_testing.ts";
import { aTask, never } from "../../src/sessions/wire/testing.ts";
import { ensureGrpcPython, generateClient } from "./python/grpc_tools.ts";

const HERE = import.meta.dirname ?? ".";
const PROTO = join(HERE, "../../src/sessions/wire/coordinator.proto");

interface Said {
  readonly what: string;
  readonly [fact: string]: unknown;
}

/** A worker's process. */
class PythonWorker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  constructor(interpreter: string, client: string, port: number, token: string) {
    this.#child = new Deno.Command(interpreter, {
      args: [join(HERE, "python/worker.py"), `127.0.0.1:${port}`, "python-1"],
      env: { PYTHONPATH: client, PYTHONDONTWRITEBYTECODE: "1", no_proxy: "127.0.0.1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = this.#child.stdin.getWriter();
    void input.write(new TextEncoder().encode(`${token}\n`)).then(() => input.close()).catch(() => {});
    this.#lines = linesOf(this.#child.stdout);
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** What it says next. */
  async said(): Promise<Said> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the Python worker has ended: ${await this.#errors}`);
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#errors;
    await this.#lines.return?.();
  }
}

Deno.test("a Python worker registers, gives signs of life, takes tasks, and says farewell", async () => {
  const interpreter = await ensureGrpcPython();
  const client = await Deno.makeTempDir({ prefix: "coder-k8s-proto-" });
  try {
    await generateClient(interpreter, PROTO, client);
    await goodWorker(interpreter, client);
    await refusedWorker(interpreter, client);
  } finally {
    await Deno.remove(client, { recursive: true });
  }
});

async function goodWorker(interpreter: string, client: string): Promise<void> {
  await using rig = await grpcRig();
  await using python = new PythonWorker(interpreter, client, rig.server.port, await testToken("w1"));
  assert.deepEqual(await python.said(), { what: "registered", heartbeat_timeout_ms: 300_000 });
  assert.deepEqual(await python.said(), { what: "streaming", last_taken: 0 });
  const worker = await rig.witness.worker();
  assert.equal(worker.id, "w1");
  assert.deepEqual(worker.hello, {
    incarnation: "python-1",
    version: "python",
    labels: { language: "python" },
    capabilities: ["echo", "run.command"],
    isolation: "namespaces",
    capacity: 2,
    sharedStorage: "",
  });
  assert.deepEqual([worker.load.processes, worker.load.memoryBytes], [3, 2 ** 40], "as its heartbeat had it");

  const events: unknown[] = [];
  const options = { signal: never, onEvent: (event: unknown) => void events.push(event) };
  const body = new Uint8Array([0, 1, 255]);
  const input = { command: ["true"], umlaut: "ä" };
  const task = aTask({ operation: "run.command", input, body, traceparent: "00-ab-cd-01" });
  assert.deepEqual(await worker.run(task, options), {
    ok: true,
    output: { given: input, deadline_ms: 60_000, traceparent: "00-ab-cd-01" },
    body: body.toReversed(),
  });
  assert.deepEqual(events, [
    { kind: "output", stream: "stdout", text: "out" },
    { kind: "output", stream: "stderr", text: "err" },
    { kind: "progress", done: 1, total: 2, message: "half" },
  ]);
  assert.deepEqual(await worker.run(aTask({ operation: "fs.read" }), options), {
    ok: false,
    code: "not_found",
    message: "no such file",
  });

  const stop = new AbortController();
  const waiting = worker.run(aTask({ operation: "wait" }), { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, { message: "enough" });

  // It breaks its stream, opens another, and answers there what it had taken before.
  assert.deepEqual(await worker.run(aTask({ operation: "break" }), options), { ok: true, output: {} });
  const said = [await python.said(), await python.said()];
  assert.deepEqual(said.map(({ what }) => what).sort(), ["canceled", "streaming"]);
  assert.equal((await worker.run(aTask(), options)).ok, true);

  const quit = await worker.run(aTask({ operation: "quit" }), options);
  assert.ok(quit.ok);
  const ran = quit.output["ran"] as string[];
  assert.equal(new Set(ran).size, ran.length, "none ran twice");
  assert.equal((await python.said())["unacknowledged"], 0);
  await rig.witness.until(() => rig.witness.news.at(-1) === "left w1: python is done");
}

async function refusedWorker(interpreter: string, client: string): Promise<void> {
  await using rig = await grpcRig();
  const tokens = [["", "there is none"], ["nonsense", "cannot be read"], [
    await testToken("w1", 0),
    "expired",
  ]] as const;
  for (const [token, why] of tokens) {
    await using python = new PythonWorker(interpreter, client, rig.server.port, token);
    const said = await python.said();
    assert.deepEqual([said.what, said["code"]], ["refused", "UNAUTHENTICATED"]);
    assert.ok(String(said["details"]).includes(why), String(said["details"]));
  }
  assert.deepEqual(rig.witness.news, []);
}
