/** A terminal with kubectl, which finds the plugin on the PATH, as `variant` is started. */
import type { Cluster } from "../cluster/mod.ts";
import { cleanEnvironment, type Variant } from "../cli/program.ts";

export interface PluginTerminalOptions {
  /** @default {the administrator's} */
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface PluginTerminal extends AsyncDisposable {
  /** The folder on the PATH in which programs lie. */
  readonly programs: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `kubectl coder …`, whatever it exits with. */
  run(...args: string[]): Promise<Said>;
  /** The same with a kubeconfig or environment of its own. */
  with(options: PluginTerminalOptions): PluginTerminal;
  /** What it prints. Throws where it fails. */
  says(...args: string[]): Promise<string>;
  /** What it says of its failure. Throws where it does not fail. */
  fails(...args: string[]): Promise<string>;
  /** Begins it, and reads along. */
  begin(...args: string[]): Begun;
  /** Any other program of the PATH. */
  program(name: string, ...args: string[]): Promise<Said>;
  /** Puts an executable file on the PATH. */
  install(name: string, text: string): Promise<void>;
}

export interface Begun {
  /** All that was printed so far, on standard output and standard error. */
  readonly printed: { out: string; err: string };
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<Said>;
}

const PATIENCE_MS = 240_000;

/** Makes the folder. Disposing of it removes it. */
export async function pluginTerminal(cluster: Cluster, variant: Variant): Promise<PluginTerminal> {
  const programs = await Deno.makeTempDir({ prefix: "kubectl-coder-" });
  const install = (name: string, text: string) =>
    Deno.writeTextFile(`${programs}/${name}`, text, { mode: 0o755 });
  await Deno.symlink(cluster.state.tools.path.kubectl, `${programs}/kubectl`);
  if (variant.binary === undefined) {
    const command = variant.command.map((word) => `'${word}'`).join(" ");
    await install("kubectl-coder", `#!/bin/sh\nexec ${command} plugin "$@"\n`);
    await install("kubectl_complete-coder", `#!/bin/sh\nexec ${command} plugin __complete "$@"\n`);
  } else {
    for (const name of ["kubectl-coder", "kubectl_complete-coder"]) {
      await Deno.symlink(variant.binary, `${programs}/${name}`);
    }
  }
  return terminalOf({ cluster, programs, install });
}

interface Place {
  readonly cluster: Cluster;
  readonly programs: string;
  readonly install: PluginTerminal["install"];
}

function terminalOf(place: Place, options: PluginTerminalOptions = {}): PluginTerminal {
  const { cluster, programs, install } = place;
  const environment = cleanEnvironment({
    KUBECONFIG: options.kubeconfig ?? cluster.kubeconfig,
    KUBECACHEDIR: `${cluster.dir}/kubectl-cache`,
    PATH: `${programs}:${Deno.env.get("PATH") ?? ""}`,
    ...options.env,
  });
  function start(name: string, args: readonly string[]): Begun {
    const child = new Deno.Command(`${programs}/${name}`, {
      args: [...args],
      env: environment,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const printed = { out: "", err: "" };
    const read = async (stream: ReadableStream<Uint8Array>, where: "out" | "err") => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) printed[where] += text;
    };
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const ended = Promise.all([child.status, read(child.stdout, "out"), read(child.stderr, "err")])
      .then(([{ code }]) => ({ code, ...printed }))
      .finally(() => clearTimeout(timer));
    return { printed, child, ended };
  }
  const program = (name: string, ...args: string[]) => start(name, args).ended;
  const run = (...args: string[]) => program("kubectl", "coder", ...args);
  return {
    programs,
    environment,
    install,
    run,
    program,
    begin: (...args) => start("kubectl", ["coder", ...args]),
    with: (more) => terminalOf(place, { ...options, ...more, env: { ...options.env, ...more.env } }),
    async says(...args) {
      const { code, out, err } = await run(...args);
      if (code !== 0) throw new Error(`kubectl coder ${args.join(" ")} exited with ${code}: ${err}${out}`);
      return out;
    },
    async fails(...args) {
      const { code, out, err } = await run(...args);
      if (code === 0) throw new Error(`kubectl coder ${args.join(" ")} did not fail: ${out}`);
      return err;
    },
    [Symbol.asyncDispose]: () => Deno.remove(programs, { recursive: true }),
  };
}
