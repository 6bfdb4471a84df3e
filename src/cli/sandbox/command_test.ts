/** The commands of sandbox sessions, from the command line on. */
import assert from "node:assert/strict";
import type { Surroundings } from "../main.ts";
import { COMMAND_OPTIONS } from "./sets.ts";
import { noSandbox, recordedSandbox } from "./testing.ts";
import { runMain } from "../testing.ts";

interface Given {
  readonly environment?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly input?: string;
  readonly sandbox?: Partial<Surroundings["sandbox"]>;
}

async function run(
  args: readonly string[],
  { environment = {}, files = {}, input = "", sandbox = {} }: Given = {},
) {
  const recorded = recordedSandbox();
  const { code, out, err } = await runMain(args, {
    environment,
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Error("No such file or directory"))
        : Promise.resolve(text);
    },
    readStandardInput: () => Promise.resolve(input),
    sandbox: {
      ...noSandbox,
      runCoordinator: recorded.runCoordinator,
      runWorker: recorded.runWorker,
      ...sandbox,
    },
    version: () => Promise.resolve({ version: "1.2.3", deno: "2.9.4" }),
  });
  return { code, out, err, started: recorded.started };
}

const NAMES = Object.keys(COMMAND_OPTIONS);

Deno.test("coordinator and worker are run with what was given, flags before the command included", async () => {
  for (
    const args of [["coordinator", "--embedded-worker"], [
      "--log-level=debug",
      "coordinator",
      "--embedded-worker=true",
    ]]
  ) {
    const { code, err, started } = await run(args);
    assert.deepEqual([code, err, started.length], [0, "", 1], args.join(" "));
    assert.ok("embeddedWorker" in (started[0]?.config ?? {}));
  }
  const worker = await run(["--coordinator", "127.0.0.1", "worker", "--token-file=/t"]);
  assert.deepEqual([worker.code, worker.err], [0, ""]);
  assert.equal((worker.started[0]?.config as { workerId?: string }).workerId, "test-host");
});

Deno.test("warnings reach the process, and people where nothing is run", async () => {
  const environment = { WORKER_URL: "http://worker:8081" };
  const fine = await run(["coordinator", "--embedded-worker"], { environment });
  assert.deepEqual([fine.code, fine.err, fine.started[0]?.notes.warnings.length], [0, "", 1]);
  const wrong = await run(["coordinator", "--embedded-worker", "--capacity=0"], { environment });
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.err,
    /^coder-k8s: WORKER_URL is not used: .*\ncoder-k8s: --capacity: must be a whole number/,
  );
  assert.match(wrong.err, /Run "coder-k8s help coordinator" to see what is possible\.\n$/);
});

Deno.test("all mistakes are told at once: of the command line, the environment and the file", async () => {
  const { code, err, started } = await run(["worker", "now", "--capcity=3", "--config=c.yaml"], {
    environment: { WORKER_ID: "-", COORDINATOR_URL: "ftp://x" },
    files: { "c.yaml": "worker:\n  token: t\nsandbox:\n  session_memory: lots\n" },
  });
  assert.deepEqual([code, started.length], [2, 0]);
  for (
    const line of [
      /^coder-k8s: 5 mistakes$/m,
      /^ {2}- --capcity: unknown flag; did you mean --capacity\?$/m,
      /^ {2}- now: stray argument after worker$/m,
      /^ {2}- WORKER_ID: must be a name/m,
      /^ {2}- COORDINATOR_URL: must be a URL/m,
      /^ {2}- sandbox\.session_memory \(c\.yaml, line 4\): must be a number of bytes .* \(it is "lots"\)$/m,
    ]
  ) assert.match(err, line);
});

Deno.test("flags of modes are not flags of these commands, and the other way round", async () => {
  assert.match(
    (await run(["coordinator", "--embedded-worker", "--kubeconfig=/k"])).err,
    /--kubeconfig: unknown flag/,
  );
  assert.match((await run(["controller", "--embedded-worker"])).err, /--embedded-worker: unknown flag/);
  assert.match(
    (await run(["coordinator", "worker", "--embedded-worker"])).err,
    /worker: stray argument after coordinator/,
  );
});

Deno.test("names of these commands as values of flags are values", async () => {
  const { err, started } = await run(["--namespace", "sessions", "--log-level=loud"]);
  assert.equal(started.length, 0);
  assert.match(err, /^coder-k8s: --log-level: must be/);
});

Deno.test("version is a flag of each, help has all of its options with every name", async () => {
  for (const name of NAMES) {
    const version = await run([name, "--version"]);
    assert.deepEqual([version.code, version.out], [0, "coder-k8s 1.2.3\n  deno     2.9.4\n"], name);
    const { code, out } = await run(["help", name]);
    assert.equal(code, 0);
    assert.equal((await run([name, "--help"])).out, out);
    assert.equal((await run(["-h", name, "--nonsense"])).out, out);
    const flat = out.replace(/\s+/g, " ");
    const { set, groups } = COMMAND_OPTIONS[name] ?? { set: undefined, groups: [] };
    for (const group of groups) assert.match(out, new RegExp(`^${group}$`, "m"));
    for (const option of set?.options ?? []) {
      assert.equal(flat.includes(`--${option.flag} `), option.fileOnly !== true, option.flag);
      if (option.fileOnly === true) continue;
      assert.ok(flat.includes(option.help), option.flag);
      for (const variable of [option.env, ...option.variables ?? []]) {
        assert.ok(flat.includes(variable), variable);
      }
      if (option.shownDefault !== "") {
        assert.ok(flat.includes(`default ${option.shownDefault}; `), option.flag);
      }
      if (groups.length > 1 && option.key !== "config") {
        assert.ok(flat.includes(`file ${option.yaml}`), option.yaml);
      }
    }
    for (const line of out.split("\n")) assert.ok(line.length <= 110, line);
  }
});

Deno.test("a token is printed and nothing else; --debug says on standard error what it is", async () => {
  const asked: object[] = [];
  const sandbox: Given["sandbox"] = {
    workerToken: (request) => {
      asked.push(request);
      return Promise.resolve({ token: "a.b.c" });
    },
    now: () => Date.UTC(2026, 0, 1),
  };
  const files = { "/k": "key of many letters\n" };
  const { code, out, err } = await run(["worker-token", "--worker-key-file=/k", "--worker-id=w1"], {
    files,
    sandbox,
  });
  assert.deepEqual([code, out, err], [0, "a.b.c\n", ""]);
  assert.deepEqual(asked, [{
    keys: "key of many letters\n",
    whom: { workerId: "w1" },
    ttlMs: 8_760 * 3_600_000,
  }]);
  const debug = await run(["worker-token", "--worker-key-file=-", "--worker-id=w1", "--ttl=24h", "--debug"], {
    input: "other",
    sandbox,
  });
  assert.match(debug.err, /^coder-k8s: a token for w1, for 24h, until 2026-01-02T00:00:00\.000Z\n$/);
  assert.deepEqual(asked[1], { keys: "other", whom: { workerId: "w1" }, ttlMs: 86_400_000 });
});

Deno.test("a token may be of the worker in a workspace, whose name follows", async () => {
  const asked: object[] = [];
  const sandbox: Given["sandbox"] = {
    workerToken: (request) => {
      asked.push(request);
      return Promise.resolve({ token: "a.b.c" });
    },
    now: () => Date.UTC(2026, 0, 1),
  };
  const files = { "/k": "key" };
  const workspaceId = "11111111-2222-4333-8444-555555555555";
  const ownerId = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
  const key = "--worker-key-file=/k";
  const flags = [key, `--workspace=${workspaceId}`, `--workspace-owner=${ownerId}`];
  const { code, out, err } = await run(["worker-token", ...flags, "--ttl=1h", "--debug"], { files, sandbox });
  assert.deepEqual([code, out], [0, "a.b.c\n"]);
  assert.match(err, /a token for the worker of workspace 11111111-/);
  assert.deepEqual(asked, [{ keys: "key", whom: { binding: { workspaceId, ownerId } }, ttlMs: 3_600_000 }]);
  const half = await run(["worker-token", key, `--workspace=${workspaceId}`], { files, sandbox });
  assert.deepEqual([half.code, /--workspace-owner: is needed/.test(half.err)], [2, true]);
  const both = await run(["worker-token", ...flags, "--worker-id=w1"], { files, sandbox });
  assert.match(both.err, /--worker-id: cannot be given together with --workspace/);
  const wrong = await run(["worker-token", key, "--workspace=dev", `--workspace-owner=${ownerId}`], {
    files,
    sandbox,
  });
  assert.match(wrong.err, /--workspace: must be an id as Coder writes them/);
});

Deno.test("a token that cannot be made is refused with what to do", async () => {
  const nothing = await run(["worker-token"]);
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /--worker-key-file: is needed/);
  assert.match(nothing.err, /--worker-id: is needed/);
  const wrong = await run(["worker-token", "w1", "--worker-key-file=/k", "--worker-id=w 1", "--ttl=1s"]);
  assert.match(wrong.err, /3 mistakes/);
  const missing = await run(["worker-token", "--worker-key-file=/k", "--worker-id=w1"]);
  assert.deepEqual([missing.code, missing.out], [1, ""]);
  assert.match(missing.err, /--worker-key-file: \/k cannot be read: No such file/);
  const short = await run(["worker-token", "--worker-key-file=/k", "--worker-id=w1"], {
    files: { "/k": "short" },
    sandbox: { workerToken: () => Promise.resolve({ refusal: "the key in line 1 has 5 bytes" }) },
  });
  assert.deepEqual([short.code, short.out, short.err], [
    1,
    "",
    "coder-k8s: --worker-key-file: /k: the key in line 1 has 5 bytes\n",
  ]);
});
