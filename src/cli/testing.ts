/** A command line whose surroundings a test gives. */
import { main, type Surroundings } from "./main.ts";
import { noSandbox } from "./sandbox/testing.ts";
import { plainTerminal } from "./terminal.ts";
import { noTop } from "./top_testing.ts";

/** What it came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs it. What a test does not give, nobody may ask for: it rejects. */
export async function runMain(args: readonly string[], given: Partial<Surroundings> = {}): Promise<Ran> {
  let [out, err] = ["", ""];
  const code = await main(args, {
    ...nothingAround,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    ...given,
  });
  return { code, out, err };
}

const nothing = () => Promise.reject(new Error("nobody asked for this"));

const nothingAround: Surroundings = {
  environment: {},
  terminal: plainTerminal,
  out: () => {},
  err: () => {},
  readTextFile: () => Promise.reject(new Error("no such file")),
  readStandardInput: nothing,
  runApp: nothing,
  check: nothing,
  diagnose: nothing,
  installation: {
    install: nothing,
    uninstall: nothing,
    confirm: () => Promise.resolve(undefined),
    untilStopped: async (run) => {
      await run(new AbortController().signal);
      return undefined;
    },
    isTerminal: false,
  },
  supportBundle: nothing,
  version: nothing,
  sandbox: noSandbox,
  top: noTop,
};
