/** `kubectl coder` with everything outside replaced. For tests alone. */
import type { PluginConnectionRequest } from "../app/plugin.ts";
import type { Handover } from "../plugin/ssh.ts";
import { type FakeWorld, fakeWorld } from "../plugin/testing.ts";
import { plugin } from "./plugin.ts";
import type { PluginParts, PluginSurroundings } from "./plugin_parts.ts";
import { plainTerminal } from "./terminal.ts";

export interface PluginRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface PluginRig {
  readonly world: FakeWorld;
  readonly opened: PluginConnectionRequest[];
  readonly commands: (readonly string[])[];
  readonly handovers: Handover[];
  readonly browsed: string[];
  /** Files by their paths. */
  readonly files: Map<string, string>;
  /** Programs of the PATH. */
  readonly programs: Set<string>;
  environment: Record<string, string>;
  isTerminal: boolean;
  /** Thrown instead of a connection. */
  refusal: Error | undefined;
  /** What ends commands that wait, if anything does. */
  readonly stop: PromiseWithResolvers<Deno.Signal>;
  run(...args: string[]): Promise<PluginRun>;
  /** So far. */
  readonly printed: { out: string; err: string };
}

export function pluginRig(objects: Parameters<typeof fakeWorld>[0] = []): PluginRig {
  const rig: PluginRig = {
    world: fakeWorld(objects),
    opened: [],
    commands: [],
    handovers: [],
    browsed: [],
    files: new Map(),
    programs: new Set(),
    environment: { HOME: "/home/alice" },
    isTerminal: false,
    refusal: undefined,
    stop: Promise.withResolvers(),
    printed: { out: "", err: "" },
    async run(...args) {
      rig.printed.out = rig.printed.err = "";
      const code = await plugin(args, around(rig), parts(rig));
      return { code, ...rig.printed };
    },
  };
  return rig;
}

function around(rig: PluginRig): PluginSurroundings {
  return {
    environment: rig.environment,
    terminal: plainTerminal,
    out: (text) => void (rig.printed.out += text),
    err: (text) => void (rig.printed.err += text),
    readTextFile: (path) => {
      const text = rig.files.get(path);
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
    command: (args) => {
      rig.commands.push(args);
      return Promise.resolve(42);
    },
  };
}

function parts(rig: PluginRig): PluginParts {
  return {
    open: (request) => {
      rig.opened.push(request);
      if (rig.refusal !== undefined) return Promise.reject(rig.refusal);
      return Promise.resolve({ world: { ...rig.world, warn: request.warn }, [Symbol.dispose]() {} });
    },
    async untilStopped(run) {
      const abort = new AbortController();
      const stopped = rig.stop.promise.then((signal) => {
        abort.abort(new DOMException("stopped", "AbortError"));
        return signal;
      });
      const done = run(abort.signal).then(() => undefined);
      const by = await Promise.race([done, stopped]);
      await done;
      return by;
    },
    find: (program) => Promise.resolve(rig.programs.has(program) ? `/bin/${program}` : undefined),
    handOver: (handover) => {
      rig.handovers.push(handover);
      return Promise.resolve(7);
    },
    browse: (program, url) => {
      rig.browsed.push(`${program} ${url}`);
      return Promise.resolve(true);
    },
    os: "linux",
    isTerminal: rig.isTerminal,
  };
}
