import assert from "node:assert/strict";
import type { Config } from "../app/config.ts";
import type { TopRequest } from "../app/top.ts";
import { SAMPLE } from "../ui/terminal/testing.ts";
import type { WatchEvent } from "../ui/types.ts";
import { parseArguments } from "./arguments.ts";
import { ALL_FLAGS } from "./commands.ts";
import { topCommand } from "./top.ts";
import { untilStopped } from "./top_signals.ts";
import { TestScreen, TestSource } from "./top_testing.ts";

interface Given {
  readonly events?: readonly WatchEvent[];
  readonly screen?: TestScreen;
  readonly failure?: Error;
  readonly openFailure?: Error;
  readonly stoppedBy?: Deno.Signal;
  readonly environment?: Record<string, string>;
}

async function top(args: readonly string[], given: Given = {}) {
  const { flags, words, mistakes } = parseArguments(["top", ...args], ALL_FLAGS);
  const source = new TestSource();
  source.failure = given.failure;
  source.tell(...(given.events ?? []).map((event) => ({ event })));
  const requests: TopRequest[] = [];
  let [out, err] = ["", ""];
  const code = await topCommand({ words: words.slice(1), flags, mistakes }, {
    environment: given.environment ?? {},
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readTextFile: () => Promise.reject(new Deno.errors.NotFound("no such file")),
    top: {
      open: (_: Config, request) => {
        requests.push(request);
        return given.openFailure === undefined ? Promise.resolve(source) : Promise.reject(given.openFailure);
      },
      screen: () => given.screen,
      untilStopped: async (run) => {
        await run(given.stoppedBy === undefined ? new AbortController().signal : AbortSignal.abort());
        return given.stoppedBy;
      },
      now: () => Date.parse("2026-11-22T04:00:00Z"),
    },
  });
  return { code, out, err, requests, source };
}

const hello = (sections: Extract<WatchEvent, { kind: "hello" }>["sections"]): WatchEvent => ({
  kind: "hello",
  user: "ann",
  version: "1",
  sections,
  diagnosis: true,
});
const all = (section: "workspaces" | "jobs") =>
  ({
    kind: "rows",
    section,
    rows: SAMPLE[section],
    removed: [],
    reset: true,
    complete: true,
  }) as unknown as WatchEvent;
const problem = (section: "workspaces" | "jobs"): WatchEvent => ({
  kind: "problem",
  section,
  message: "you may not",
});
const EVENTS = [hello(["workspaces", "jobs"]), all("workspaces"), all("jobs")];

Deno.test("where there is no terminal all of it is printed once", async () => {
  const { code, out, err, requests, source } = await top([], { events: EVENTS });
  assert.deepEqual([code, err, requests], [0, "", [{ namespace: undefined }]]);
  assert.match(out, /^Workspaces \(3\)\n/);
  assert.match(out, /^Jobs of provisioners \(1\)$/m);
  assert.ok(source.isClosed);
  const once = await top(["--once", "--section=workspaces", "--filter=gpu"], {
    events: EVENTS,
    screen: new TestScreen(),
  });
  assert.match(once.out, /^Workspaces \(1 of 3\)\n/);
  assert.doesNotMatch(once.out, /Jobs/);
});

Deno.test("at a terminal it is watched until somebody ends it", async () => {
  const screen = new TestScreen();
  screen.type("q");
  const { code, out } = await top(["-n", "lab", "--section", "jobs"], { events: EVENTS, screen });
  assert.deepEqual([code, out, screen.opened, screen.isOpen], [0, "", 1, false]);
  const stopped = new TestScreen();
  assert.equal((await top([], { events: EVENTS, screen: stopped, stoppedBy: "SIGTERM" })).code, 143);
  assert.equal(stopped.isOpen, false);
});

Deno.test("what cannot be seen is told, by words and by the exit code", async () => {
  const refused = await top([], {
    events: [hello(["workspaces", "jobs"]), problem("workspaces"), problem("jobs")],
  });
  assert.equal(refused.code, 1);
  assert.match(refused.out, /^Workspaces \(0, not all\)\n! you may not$/m);
  const some = await top([], { events: [hello(["workspaces", "jobs"]), all("workspaces"), problem("jobs")] });
  assert.equal(some.code, 0);
  const failed = await top([], { failure: new Error("answers 401: say who you are") });
  assert.deepEqual([failed.code, failed.err], [1, "coder-k8s: answers 401: say who you are\n"]);
  const closed = await top([], { openFailure: new Error("no kubeconfig") });
  assert.deepEqual([closed.code, closed.err], [1, "coder-k8s: no kubeconfig\n"]);
  const none = await top(["--section=calls"], { events: EVENTS });
  assert.deepEqual([none.code, none.err], [1, "coder-k8s: test shows no calls\n"]);
});

Deno.test("who does not answer is waited for as long as was said", async () => {
  const silent = await top(["--timeout=1s"]);
  assert.deepEqual([silent.code, silent.err], [1, "coder-k8s: test said nothing within 1 s\n"]);
  const late = await top(["--timeout=1s"], { events: [hello(["workspaces", "jobs"]), all("workspaces")] });
  assert.equal(late.code, 0);
  assert.match(late.err, /not all was told within 1 s/);
});

Deno.test("a server is asked with what was given for it", async () => {
  const args = ["--server=https://s.example.com/mcp", "--token-file=token", "--ca-file=ca.pem"];
  const { requests, code } = await top(args, { events: EVENTS });
  assert.deepEqual([code, requests], [
    0,
    [{ server: "https://s.example.com/mcp", tokenFile: "token", caFile: "ca.pem" }],
  ]);
});

Deno.test("what makes no sense is told, and nothing is asked", async () => {
  const cases: [string[], RegExp][] = [
    [["stray"], /stray: stray argument after top/],
    [["--section=cats"], /--section: must be/],
    [["--server=ftp://x"], /--server: /],
    [["--token-file=x"], /--token-file: does nothing without --server/],
    [["--ca-file=x"], /--ca-file: does nothing without --server/],
    [["--server=https://x.example.com", "-n", "lab"], /--namespace: does nothing with --server/],
    [["--timeout=1ms"], /--timeout: /],
    [["--namespace=Lab"], /--namespace: must be one namespace name/],
    [["--config=none.yaml"], /--config: cannot read/],
  ];
  for (const [args, words] of cases) {
    const { code, err, requests } = await top(args);
    assert.deepEqual([code, requests], [2, []], args.join(" "));
    assert.match(err, words);
    assert.match(err, /coder-k8s help top/);
  }
});

Deno.test("signals end what runs, and tell what it was", async () => {
  const listeners = new Map<Deno.Signal, () => void>();
  const system = {
    addSignalListener: (signal: Deno.Signal, run: () => void) => void listeners.set(signal, run),
    removeSignalListener: (signal: Deno.Signal) => void listeners.delete(signal),
  };
  const until = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const first = untilStopped(until, system);
  listeners.get("SIGTERM")?.();
  assert.equal(await first, "SIGTERM");
  assert.equal(listeners.size, 0);
  const stuck = untilStopped(() => new Promise(() => {}), system);
  listeners.get("SIGINT")?.();
  listeners.get("SIGINT")?.();
  assert.equal(await stuck, "SIGINT", "a second one does not wait");
  assert.equal(await untilStopped(() => Promise.resolve(), system), undefined);
  await assert.rejects(untilStopped(() => Promise.reject(new Error("broken")), system), /broken/);
  const failing = untilStopped(async (signal) => {
    await until(signal);
    throw new Error("ended in the middle");
  }, system);
  listeners.get("SIGHUP")?.();
  assert.equal(await failing, "SIGHUP");
});

Deno.test("words of a server are harmless where they are printed", async () => {
  const failure = new Error("https://s.example.com answers 401: \x1b]0;yours\x07\x1b[2J\u202eno\nmore");
  const { err } = await top([], { failure });
  assert.equal(
    err,
    "coder-k8s: https://s.example.com answers 401: \ufffd]0;yours\ufffd\ufffd[2J\ufffdno more\n",
  );
  const closed = await top([], { openFailure: new Error("\x1b[2J") });
  assert.equal(closed.err, "coder-k8s: \ufffd[2J\n");
});

Deno.test("that a token goes out in plain text is said, where others could read it", async () => {
  const warned = async (server: string, ...more: string[]) =>
    (await top([`--server=${server}`, ...more], { events: EVENTS })).err;
  assert.equal(
    await warned("http://s.example.com:8811", "--token-file=token"),
    "coder-k8s: --server: the token goes to http://s.example.com:8811 in plain text: write https:// unless a mesh or a " +
      "private network protects it\n",
  );
  assert.equal(await warned("http://s.example.com:8811"), "");
  assert.equal(await warned("https://s.example.com", "--token-file=token"), "");
  assert.equal(await warned("http://127.0.0.1:8811", "--token-file=token"), "");
  assert.equal(await warned("http://[::1]:8811", "--token-file=token"), "");
});
