/** Whatever happens to the process that started a deployment, nothing of it stays. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { waitFor } from "../cluster/mod.ts";
import { exists } from "../cluster/paths.ts";
import { processesNaming, runningPid } from "../cluster/processes.ts";
import { ensureCoderTools } from "./mod.ts";
import { withDir } from "./testing_dir.ts";

Deno.test("a process that is killed with SIGKILL leaves no database, no coderd and no agent", () =>
  withDir(async (parent) => {
    // Not within the deadline below.
    await ensureCoderTools();
    // PostgreSQL runs as another user when this is root.
    await Deno.chmod(parent, 0o711);
    const module = JSON.stringify(join(import.meta.dirname ?? ".", "mod.ts"));
    const dir = join(parent, "deployment");
    const script = join(parent, "harness.ts");
    await Deno.writeTextFile(
      script,
      `import { agentTemplate, startDeployment } from ${module};
const { coderd } = await startDeployment({ dir: ${JSON.stringify(dir)}, restartAfter: 0 });
const template = await coderd.createTemplate({ files: agentTemplate() });
const workspace = await coderd.createWorkspace({ template });
await coderd.waitForAgents(workspace.id);
await Deno.writeTextFile(Deno.args[0], workspace.id);
setInterval(() => {}, 1000);`,
    );
    const config = join(import.meta.dirname ?? ".", "..", "..", "deno.json");
    const up = join(parent, "up");
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", config, script, up],
      stdin: "null",
    }).spawn();
    const failed = new AbortController();
    void child.status.then(({ code }) => failed.abort(new Error(`the harness ended with ${code}`)));
    await waitFor(() => exists(up), {
      what: "the deployment to be up",
      timeoutMs: 300_000,
      signal: failed.signal,
    });
    const workspace = await Deno.readTextFile(up);
    const coderd = join(dir, "coderd");
    const parts = ["coderd", "coderd-supervisor", `agent-${workspace}`].map((part) =>
      runningPid(coderd, part)
    );
    const pids = await Promise.all([...parts, runningPid(join(dir, "postgres"), "postgres")]);
    assert.equal(pids.includes(undefined), false, JSON.stringify(pids));
    // What a workspace has started, and nobody knows the number of.
    const stray = new Deno.Command("setsid", {
      args: ["sleep", "1000"],
      cwd: join(coderd, "agents", `agent-${workspace}`),
      stdin: "null",
    }).spawn();
    child.kill("SIGKILL");
    await child.status;
    for (const part of ["coderd", "postgres"]) {
      await waitFor(async () => !(await exists(join(dir, part))), { what: `${part}'s directory to go` });
    }
    await waitFor(async () => (await processesNaming(`${dir}/`)).length === 0, {
      what: "all processes to go",
    });
    assert.equal((await stray.status).signal, "SIGKILL");
  }));
