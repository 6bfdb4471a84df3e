/** The example template of a workspace with a worker, at a real Coder, with a real agent and no cloud. */
import { agentRunner, type Coderd, uniqueName } from "../coder/mod.ts";
import { tar } from "../coder/tar.ts";
import { waitFor } from "../cluster/wait.ts";

const EXAMPLE = new URL("../../examples/templates/sandbox-worker/main.tf", import.meta.url);

export interface WorkerTemplate extends AsyncDisposable {
  /** Of the template. */
  readonly id: string;
  /** Process ids of workers that its workspaces have started, the last one last. */
  workers(): Promise<readonly number[]>;
  /** Ends a worker, and waits for that. */
  endWorker(pid: number): Promise<void>;
}

/** Imports it. Disposing of it ends the workers that it has started. */
export async function workerTemplate(
  coderd: Coderd,
  { coordinator, directory, variables = {} }: {
    readonly coordinator: string;
    /** Of the test's own. */
    readonly directory: string;
    /** More variables of the template. */
    readonly variables?: Readonly<Record<string, string>>;
  },
): Promise<WorkerTemplate> {
  const { token, organizationId } = await coderd.firstUser();
  const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
  await Deno.mkdir(directory, { recursive: true });
  const pids = `${directory}/worker-pids`;
  const binary = Deno.env.get("CODER_K8S_BINARY") ?? "";
  const program = `${directory}/worker-program`;
  const command = binary === "" ? `'${Deno.execPath()}' run -A --no-check '${root}/main.ts'` : `'${binary}'`;
  await Deno.writeTextFile(
    program,
    `#!/bin/sh\necho $$ $PPID >> '${pids}'\n${
      binary === "" ? `export DENO_DIR='${await denoDirectory()}'\n` : ""
    }exec ${command} "$@"\n`,
    { mode: 0o755 },
  );
  const file = await coderd.request("POST", "/api/v2/files", {
    token,
    body: tar({ "main.tf": await Deno.readTextFile(EXAMPLE), "infrastructure.tf": agentRunner() }),
    headers: { "content-type": "application/x-tar" },
  });
  const version = await coderd.request("POST", `/api/v2/organizations/${organizationId}/templateversions`, {
    token,
    body: {
      storage_method: "file",
      file_id: file.hash,
      provisioner: "terraform",
      tags: {},
      user_variable_values: [
        { name: "coordinator", value: coordinator },
        { name: "worker_program", value: program },
        { name: "worker_flags", value: "--log-format=json --capacity=4" },
        ...Object.entries(variables).map(([name, value]) => ({ name, value })),
      ],
    },
  });
  await waitFor(async () => {
    const { job } = await coderd.request("GET", `/api/v2/templateversions/${version.id}`, { token });
    if (job.status === "failed") {
      const logs = await coderd.request("GET", `/api/v2/templateversions/${version.id}/logs`, { token });
      throw new Error(logs.map(({ output }: { output: string }) => output).join("\n"));
    }
    return job.status === "succeeded";
  }, { what: "the import of the example template", timeoutMs: 120_000 });
  const { id } = await coderd.request("POST", `/api/v2/organizations/${organizationId}/templates`, {
    token,
    body: { name: uniqueName("sandbox-worker"), template_version_id: version.id },
  });
  const started = async () => {
    const text = await Deno.readTextFile(pids).catch(() => "");
    return text.split("\n").filter((line) => line !== "").map((line) => line.split(" ").map(Number));
  };
  const workers = async () => (await started()).map(([pid = 0]) => pid);
  return {
    id,
    workers,
    endWorker,
    async [Symbol.asyncDispose]() {
      for (const [pid = 0, loop = 0] of await started()) {
        // What would start it again; its command line has the whole script.
        const script = await Deno.readTextFile(`/proc/${loop}/cmdline`).catch(() => "");
        if (script.includes(program)) Deno.kill(loop, "SIGKILL");
        await endWorker(pid);
      }
    },
  };
}

/** Where its modules are: agents have a home of their own. */
async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

/** What `/proc` says of a process; undefined: it is no more. */
async function environmentOf(pid: number): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => undefined);
  if (text === undefined) return undefined;
  return new Map(
    text.split("\0").filter((line) => line !== "").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** The session token that a worker was started with. */
export async function sessionTokenOf(pid: number): Promise<string> {
  const token = (await environmentOf(pid))?.get("CODER_WORKSPACE_OWNER_SESSION_TOKEN");
  if (token === undefined) throw new Error(`process ${pid} has no session token`);
  return token;
}

async function endWorker(pid: number): Promise<void> {
  // The number may be another's by now.
  const isOurs = async () => (await environmentOf(pid))?.has("CODER_WORKSPACE_ID") === true;
  if (!await isOurs()) return;
  Deno.kill(pid, "SIGTERM");
  await waitFor(async () => !await isOurs(), { what: `worker ${pid} to end`, timeoutMs: 120_000 });
}
