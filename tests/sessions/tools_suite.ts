/** What the tools of a session do, wherever it is: at a worker, or in a Coder workspace. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/wait.ts";
import type { ConnectedClient } from "../mcp/clients.ts";
import { type Answer, ask, refuses } from "./ask.ts";

export interface ToolsSuiteOptions {
  readonly client: ConnectedClient;
  /** Whose directory is empty. @default {the one named `default`} */
  readonly session?: string;
  /** Where its files are, as its commands see it. */
  readonly directory: RegExp;
  /** What `id -u` says there. */
  readonly user: RegExp;
  /** There is a Python. */
  readonly hasPython: boolean;
  /** @default {hasPython} */
  readonly hasPytest?: boolean;
}

/** One step for each group of tools. */
export async function toolsSuite(t: Deno.TestContext, options: ToolsSuiteOptions): Promise<void> {
  const { client, session, directory, user, hasPython, hasPytest = hasPython } = options;
  const own = session === undefined ? {} : { session };
  const call = (tool: string, args: Answer = {}) => ask(client, tool, { ...own, ...args });
  const refused = (tool: string, args: Answer = {}) => refuses(client, tool, { ...own, ...args });

  await t.step("files: written, read, listed, edited, found", async () => {
    const written = await call("fs.write", { path: "src/hello.sh", contents: "echo 'héllo'\n" });
    assert.deepEqual([written["bytes"], written["created"]], [14, true]);
    const read = await call("fs.read", { path: "src/hello.sh" });
    assert.deepEqual([read["content"], read["encoding"], read["eof"]], ["echo 'héllo'\n", "utf-8", true]);
    const part = await call("fs.read", { path: "src/hello.sh", offset: 5, length: 2 });
    assert.deepEqual([part["content"], part["length"], part["eof"]], ["'h", 2, false]);
    await call("fs.write", { path: "data.bin", contents: "AP+A", encoding: "base64" });
    assert.equal((await call("fs.read", { path: "data.bin" }))["encoding"], "base64");
    const { entries } = await call("fs.list", { depth: 2 }) as { entries: { path: string }[] };
    assert.deepEqual(entries.map(({ path }) => path), ["data.bin", "src", "src/hello.sh"]);
    await call("fs.edit", { path: "src/hello.sh", edits: [{ old: "héllo", new: "bonjour" }] });
    const { matches } = await call("fs.search", { query: "bonjour" }) as { matches: { path: string }[] };
    assert.deepEqual(matches.map(({ path }) => path), ["src/hello.sh"]);
    for (const path of ["../x", "/etc/passwd", "a/../../x"]) {
      assert.match(await refused("fs.read", { path }), /path/, path);
    }
    assert.match(await refused("fs.read", { path: "nothing" }), /nothing/);
  });

  await t.step("commands run where the files are, and output comes as it is written", async () => {
    const run = await call("run.command", { command: "sh src/hello.sh && pwd && id -u" });
    assert.deepEqual([run["exitCode"], run["stderr"]], [0, ""]);
    const [said, where, id] = String(run["stdout"]).split("\n");
    assert.equal(said, "bonjour");
    assert.match(where!, directory);
    assert.match(id!, user);
    const apart = await call("run.command", { command: "echo out; echo err >&2; exit 3" });
    assert.deepEqual([apart["exitCode"], apart["stdout"], apart["stderr"]], [3, "out\n", "err\n"]);
    const told: string[] = [];
    const gate = "while [ ! -e go ]; do sleep 0.05; done; echo second";
    const running = client.call("run.command", { ...own, command: `echo first; ${gate}` }, {
      onProgress: ({ message }) => told.push(message ?? ""),
    });
    // The first line is told while the command still runs: it ends only after that.
    await waitFor(() => Promise.resolve(told.some((text) => text.includes("first"))), {
      what: "the first line of output",
    });
    await call("fs.write", { path: "go", contents: "" });
    assert.equal((await running).structured?.["stdout"], "first\nsecond\n");
  });

  await t.step("a process goes on behind its call: output, input, signal", async () => {
    const { process } = await call("run.command", {
      command: "cat; echo end >&2; exec sleep 600",
      interactive: true,
      waitMs: 0,
    });
    await call("process.input", { process, data: "to cat\n", close: true });
    const output = await waitFor(async () => {
      const now = await call("process.output", { process, waitMs: 1_000 });
      return now["stdout"] === "to cat\n" && now["stderr"] === "end\n" && now;
    }, { what: "what cat was given" });
    assert.equal(output["state"], "running");
    await call("process.signal", { process });
    const ended = await waitFor(async () => {
      const now = await call("process.output", { process, waitMs: 1_000 });
      return now["state"] === "exited" && now;
    }, { what: "the end of the process" });
    assert.equal(ended["signal"], "SIGTERM");
  });

  if (hasPython) {
    await t.step("Python says where it went wrong; tests have counts and failures", async () => {
      const python = await call("run.python", { code: "import sys\nprint(1/0)" });
      assert.equal(python["exitCode"], 1);
      assert.match(String(python["stderr"]), /line 2[^]*ZeroDivisionError/);
      const contents = "def test_good():\n    pass\n\ndef test_bad():\n    assert 1 == 2\n";
      await call("fs.write", { path: "test_it.py", contents });
      const answer = await call("test.run", { framework: "unittest" });
      assert.equal(answer["framework"], "unittest");
      if (!hasPytest) return;
      const pytest = await call("test.run", { framework: "pytest", path: "test_it.py" });
      assert.deepEqual(
        pytest["counts"],
        { passed: 1, failed: 1, skipped: 0, errors: 0 },
        pytest["stdout"] as string,
      );
      const [failure] = pytest["failures"] as Answer[];
      assert.match(String(failure?.["name"]), /test_bad/);
      assert.deepEqual([failure?.["file"], failure?.["line"]], ["test_it.py", 5]);
    });
  }

  await t.step("a copy of the files is kept, and brings them back", async () => {
    await call("run.command", { command: "rm -rf ./* ./.[!.]*; echo ann > kept.txt" });
    const { checkpoint } = await call("session.checkpoint");
    await call("run.command", { command: "rm kept.txt; echo new > other.txt" });
    await call("session.restore", { checkpoint });
    const { entries } = await call("fs.list") as { entries: { path: string }[] };
    assert.deepEqual(entries.map(({ path }) => path), ["kept.txt"]);
    assert.equal((await call("fs.read", { path: "kept.txt" }))["content"], "ann\n");
  });

  await t.step("a file is a resource for whoever takes it out", async () => {
    const { uri, mimeType } = await call("artifact.get", { path: "kept.txt" });
    assert.equal(mimeType, "text/plain");
    assert.match(await client.read(String(uri)), /ann/);
  });
}
