/** Sandbox sessions on a laptop, as an AI client starts them: from source, and by the compiled binary in CI. */
import assert from "node:assert/strict";
import { LATEST } from "../mcp/clients.ts";
import { ask } from "../sessions/ask.ts";

Deno.test("a laptop: one process, standard input and output, no other program", async () => {
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-laptop-" });
  try {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const binary = Deno.env.get("CODER_K8S_BINARY") ?? "";
    const args = [
      "coordinator",
      "--embedded-worker",
      "--stdio",
      `--workspaces-dir=${directory}/workspaces`,
      `--cache-dir=${directory}/cache`,
      "--tool-names=plain",
    ];
    await using client = await LATEST.connect(
      binary === ""
        ? { command: Deno.execPath(), args: ["run", "-A", "--no-check", main, ...args] }
        : { command: binary, args },
    );
    await ask(client, "fs_write", { path: "a.py", contents: "print(6 * 7)" });
    const run = await ask(client, "run_python", { code: "exec(open('a.py').read())" });
    assert.deepEqual([run["stdout"], run["exitCode"]], ["42\n", 0]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
