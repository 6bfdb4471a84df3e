/** The same sessions from within the workspace, where a worker runs: what a terminal would run is run here. */
import type { Terminal, TerminalEnd } from "../../coder/terminal.ts";
import type { SandboxHost } from "../sandbox/types.ts";
import { SessionError } from "../types.ts";
import { type AgentHostOptions, createAgentHost } from "./host.ts";

export interface LocalAgentHostOptions extends Omit<AgentHostOptions, "access"> {
  /** The agent's directory, that those of sessions are below. @default {the home directory} */
  readonly directory?: string | undefined;
  /** Variables of this process that no session is to see: the worker's own. */
  readonly withoutVariables?: readonly string[] | undefined;
  /** Variables of sessions besides. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** A host of sessions in the workspace that this process runs in. They go on when it is closed. */
export function createLocalAgentHost(options: LocalAgentHostOptions = {}): SandboxHost {
  const directory = options.directory ?? Deno.env.get("HOME") ?? "/";
  const hidden = new Set(options.withoutVariables ?? []);
  const env = {
    ...Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !hidden.has(name))),
    ...options.variables,
  };
  return createAgentHost({
    ...options,
    access: () => ({
      place: {
        coder: "",
        namespace: "",
        controlPlane: "",
        workspaceId: "",
        workspace: "",
        ownerId: "",
        agent: "",
        directory: "",
        files: "workspace",
      },
      terminal: (command, signal) => Promise.resolve(runHere(command, directory, env, signal)),
    }),
  });
}

/** A terminal that is none: pipes. What is run is raw anyway. */
function runHere(
  command: string,
  directory: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Terminal {
  signal.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("/bin/sh", {
      args: ["-c", command],
      cwd: directory,
      clearEnv: true,
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch (error) {
    throw new SessionError(
      "unavailable",
      `nothing can be run in ${directory}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  const end: TerminalEnd = { code: 1000, reason: "" };
  let isClosed = false;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    // The end of its input is what it waits for.
    writer.close().catch(() => {});
  };
  return {
    reconnect: crypto.randomUUID(),
    output: child.stdout,
    closed: child.status.then(() => {
      close();
      return end;
    }),
    async type(text, typing) {
      typing.throwIfAborted();
      if (isClosed) throw new Error("it is closed");
      await writer.write(encoder.encode(text));
    },
    close,
  };
}
