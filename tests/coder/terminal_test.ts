/** Terminals of real agents, through the real coderd. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { programVersion } from "./program_version.ts";
import { CoderError, createCoderClient, createTransport, type Terminal } from "../../src/coder/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { agentTemplate, type Coderd, sharedCoderd, uniqueName } from "./mod.ts";

// Not a timeout: it would begin when the file is loaded, long before its tests run.
const { signal } = new AbortController();
const text = new TextDecoder();

interface Rig extends AsyncDisposable {
  readonly coderd: Coderd;
  readonly workspaceId: string;
  readonly agentId: string;
  client(token?: string): ReturnType<typeof createCoderClient>;
  open(command: string): Promise<Terminal>;
}

async function rig(): Promise<Rig> {
  const coderd = await sharedCoderd();
  const { token: own } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: agentTemplate() });
  const workspace = await coderd.createWorkspace({ template });
  const [agent] = await coderd.waitForAgents(workspace.id);
  const transport = createTransport({ url: coderd.url });
  const client = (token = own) => createCoderClient({ transport, token });
  return {
    coderd,
    workspaceId: workspace.id,
    agentId: agent.id,
    client,
    open: (command) => client().terminals.open({ agentId: agent.id, command }, signal),
    async [Symbol.asyncDispose]() {
      transport.close();
      await coderd.buildWorkspace(workspace.id, "delete");
    },
  };
}

async function all(terminal: Terminal): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(await Array.fromAsync(terminal.output) as BlobPart[]).arrayBuffer());
}

/** Reads until it has seen `mark`; nothing must come after it by itself. */
async function until(output: AsyncIterator<Uint8Array>, mark: string): Promise<void> {
  let seen = "";
  while (!seen.endsWith(mark)) {
    const next = await output.next();
    assert.ok(!next.done, `the terminal ended: ${seen}`);
    seen += text.decode(next.value);
  }
}

async function failure(promise: Promise<unknown>): Promise<CoderError> {
  const error = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof CoderError, String(error));
  assert.doesNotMatch(error.message, /</, "no pages in errors");
  return error;
}

Deno.test("terminals of a real agent: commands, bytes both ways, many at once, refusals", async (t) => {
  await using workspace = await rig();
  const { coderd } = workspace;

  await t.step("a command runs, and the terminal ends with it, whatever it came to", async () => {
    const terminal = await workspace.open(`echo "home=$HOME"; tput cols 2>/dev/null || stty size; exit 3`);
    const said = text.decode(await all(terminal));
    assert.match(said, /^home=\/.*\r\n/);
    assert.match(said, /500/);
    // Before 2.30 the end of a command is the end of the connection, without a word.
    const code = /^v2\.29\./.test(await programVersion(coderd)) ? 1006 : 1000;
    assert.deepEqual(await terminal.closed, { code, reason: "" });
  });

  await t.step("10 MB come out bit by bit as they are, also where the command ends at once", async () => {
    const make = "awk 'BEGIN { for (i = 0; i < 1000000; i++) printf \"%09d\\n\", i }'";
    const bytes = await all(await workspace.open(`stty raw -echo; ${make}`));
    const hash = createHash("sha256");
    for (let index = 0; index < 1_000_000; index++) hash.update(`${String(index).padStart(9, "0")}\n`);
    assert.equal(bytes.byteLength, 10_000_000);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), hash.digest("hex"));
  });

  await t.step("a reader that is slow loses nothing", async () => {
    const terminal = await workspace.open("stty raw -echo; head -c 3000000 /dev/zero; printf end");
    let size = 0;
    let last = "";
    for await (const bytes of terminal.output) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 500));
      size += bytes.byteLength;
      last = text.decode(bytes).slice(-3);
    }
    assert.deepEqual([size, last], [3_000_003, "end"]);
  });

  await t.step("1 MiB goes in", async () => {
    const size = 2 ** 20;
    const typed = Array.from({ length: size / 16 }, (_, index) => String(index).padStart(16, "0")).join("");
    const terminal = await workspace.open(`stty raw -echo; printf R; head -c ${size} | sha256sum`);
    const output = terminal.output[Symbol.asyncIterator]();
    await until(output, "R");
    await terminal.type(typed, signal);
    let said = "";
    for (let next = await output.next(); !next.done; next = await output.next()) {
      said += text.decode(next.value);
    }
    assert.ok(said.startsWith(createHash("sha256").update(typed).digest("hex")), said);
  });

  await t.step("every character that can be typed arrives", async () => {
    const typed = `\u0000\u0003\u001b[A"\\ż😀\u2028${String.fromCharCode(127)}\r\n`;
    const size = new TextEncoder().encode(typed).byteLength;
    const terminal = await workspace.open(`stty raw -echo; printf R; head -c ${size} | od -An -v -tx1`);
    const output = terminal.output[Symbol.asyncIterator]();
    await until(output, "R");
    await terminal.type(typed, signal);
    let said = "";
    for (let next = await output.next(); !next.done; next = await output.next()) {
      said += text.decode(next.value);
    }
    const hex = [...new TextEncoder().encode(typed)].map((byte) => byte.toString(16).padStart(2, "0"));
    assert.deepEqual(said.trim().split(/\s+/), hex);
  });

  await t.step("twenty at once are each their own", async () => {
    const said = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, index) => text.decode(await all(await workspace.open(`sleep 1; echo "this is ${index}."`))),
      ),
    );
    assert.deepEqual(said, Array.from({ length: 20 }, (_, index) => `this is ${index}.\r\n`));
  });

  await t.step("one that is let go of goes on, and is found again by its id", async () => {
    const first = await workspace.open('stty raw -echo; printf begun; read answer; printf "got $answer"');
    const output = first.output[Symbol.asyncIterator]();
    await until(output, "begun");
    first.close();
    assert.equal((await first.closed).code, 1000);
    await assert.rejects(first.type("x", signal), /closed/);
    const { reconnect } = first;
    const { terminals } = workspace.client();
    const again = await terminals.open({ agentId: workspace.agentId, command: "exit", reconnect }, signal);
    await again.type("it\n", signal);
    assert.equal(text.decode(await all(again)), "begungot it");
  });

  await t.step("a bad token and an unknown agent are refused in words", async () => {
    const { agentId } = workspace;
    const stranger = workspace.client("aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb");
    const bad = await failure(stranger.terminals.open({ agentId, command: "id" }, signal));
    assert.deepEqual([bad.kind, bad.reason], ["unauthorized", "tokenRefused"]);
    const unknown = crypto.randomUUID();
    const { terminals } = workspace.client();
    const gone = await failure(terminals.open({ agentId: unknown, command: "id" }, signal));
    assert.equal(gone.kind, "notFound");
    assert.match(gone.message, /no such agent/);
  });

  await t.step("another user's workspace is refused", async () => {
    const name = uniqueName("user");
    const { organizationId } = await coderd.firstUser();
    const password = "SomeSecurePassword!";
    const email = `${name}@example.com`;
    await coderd.request("POST", "/api/v2/users", {
      token: (await coderd.firstUser()).token,
      body: { email, username: name, password, organization_ids: [organizationId] },
    });
    const signedIn = await coderd.request("POST", "/api/v2/users/login", { body: { email, password } });
    const other = workspace.client(signedIn.session_token);
    const error = await failure(other.terminals.open({ agentId: workspace.agentId, command: "id" }, signal));
    assert.equal(error.kind, "notFound");
    assert.match(error.message, /may not open terminals/);
  });

  await t.step("in a stopped workspace there is none", async () => {
    await coderd.buildWorkspace(workspace.workspaceId, "stop");
    // Until Coder has seen the agent go, a terminal opens and ends.
    const error = await waitFor(async () => {
      const opened = await workspace.open("echo here").catch((error: unknown) => error);
      if (opened instanceof CoderError) return opened;
      (opened as Terminal).close?.();
      throw new Error("it still opens");
    }, { what: "terminals to be refused", timeoutMs: 120_000 });
    assert.deepEqual([error.kind, error.reason], ["unavailable", "agentAway"]);
    assert.match(error.message, /Start the workspace/);
  });
});
