import assert from "node:assert/strict";
import { STANDARD_LIMITS } from "../../app/sandbox/rules.ts";
import { parseArguments } from "../arguments.ts";
import { flagSpecs } from "./load.ts";
import { readWorker } from "./worker.ts";
import { WORKER } from "./worker_options.ts";

interface Given {
  readonly environment?: Record<string, string>;
  readonly file?: string;
  readonly hostname?: string;
  readonly isRoot?: boolean;
}

async function read(
  args: readonly string[],
  { environment = {}, file, hostname = "host-1", isRoot = true }: Given = {},
) {
  const { flags, mistakes, words } = parseArguments(args, flagSpecs(WORKER));
  assert.deepEqual([mistakes, words], [[], []]);
  const found = await readWorker({
    flags,
    environment,
    readTextFile: () =>
      file === undefined ? Promise.reject(new Error("No such file")) : Promise.resolve(file),
    machine: { hostname, isRoot },
  });
  return { ...found, said: found.mistakes.map(({ where, what }) => `${where}: ${what}`) };
}

const LEAST = ["--coordinator=https://c.example.com", "--token-file=/t"];

const DEFAULTS = {
  logLevel: "info",
  logFormat: undefined,
  debug: false,
  shutdownTimeout: 30_000,
  coordinator: "https://c.example.com:50050",
  workerId: "host-1",
  labels: {},
  sharedWorkspaces: "",
  token: undefined,
  tokenFile: "/t",
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  insecure: false,
  heartbeatInterval: 30_000,
  healthBindAddress: { hostname: "0.0.0.0", port: 8081 },
  metricsBindAddress: null,
  workspacesDir: "/var/lib/coder-k8s/workspaces",
  allowUnisolated: false,
  allowNodeRoot: false,
  capacity: 16,
  limits: STANDARD_LIMITS,
  sessionUids: { first: 700_000, count: 65_536 },
  readOnlyPaths: [],
  egress: [],
  packageMirror: true,
  pypiUrl: undefined,
  npmUrl: undefined,
  cacheDir: "/var/cache/coder-k8s/packages",
  cacheBytes: 5 * 2 ** 30,
  python: undefined,
};

Deno.test("with the least given the documented defaults hold, and nothing else is in the configuration", async () => {
  const { config, said, notes } = await read(LEAST);
  assert.deepEqual([said, notes], [[], { warnings: [], unknownVariables: [] }]);
  assert.deepEqual(config, DEFAULTS);
});

Deno.test("the documented environment is understood", async () => {
  const environment = {
    COORDINATOR_URL: "https://c.example.com",
    WORKER_ID: "worker-1",
    WORKER_TOKEN: "secret",
    LOG_LEVEL: "WARN",
  };
  const { config, said, notes } = await read([], { environment });
  assert.deepEqual([said, notes.warnings], [[], []]);
  assert.deepEqual(config, {
    ...DEFAULTS,
    workerId: "worker-1",
    token: "secret",
    tokenFile: undefined,
    logLevel: "warn",
  });
  const twins = await read([], {
    environment: {
      ...environment,
      WORKER_TOKEN: "",
      WORKER_TOKEN_FILE: "/t",
      CODER_K8S_WORKER_ID: "worker-2",
      CODER_K8S_WORKER_CAPACITY: "3",
      CODER_K8S_WORKER_LOG_LEVEL: "error",
    },
  });
  assert.deepEqual(twins.config, { ...DEFAULTS, workerId: "worker-2", capacity: 3, logLevel: "error" });
});

Deno.test("the file has sections for the worker and for its sandboxes", async () => {
  const file =
    "worker:\n  coordinator: https://c.example.com\n  id: w\n  token_file: /t\n  labels: {zone: a}\n" +
    "sandbox:\n  capacity: 2\n  session_memory: 1Gi\n  egress: [example.com]\n  session_cpu: 10m\n" +
    "server:\n  log_level: debug\n  health_bind_address: 0\n";
  const { config, said } = await read(["--config=c.yaml"], { file });
  assert.deepEqual(said, []);
  assert.deepEqual(config, {
    ...DEFAULTS,
    workerId: "w",
    labels: { zone: "a" },
    capacity: 2,
    limits: { ...STANDARD_LIMITS, memoryBytes: 2 ** 30, cpuMs: 600_000 },
    egress: ["example.com"],
    logLevel: "debug",
    healthBindAddress: null,
  });
});

Deno.test("a token on the command line works and warns, and no message repeats it", async () => {
  const { config, notes } = await read(["--coordinator=https://c", "--token=hush"]);
  assert.equal(config?.token, "hush");
  assert.match(notes.warnings.join(), /^--token puts a secret .* use WORKER_TOKEN or --token-file instead$/);
  const wrong = await read(["--coordinator=https://c", "--token="]);
  assert.doesNotMatch(wrong.said.join(), /it is/);
  const both = await read([...LEAST, "--token=hush"]);
  assert.deepEqual(both.said, ["--token-file: cannot be given together with --token; choose one"]);
  assert.doesNotMatch(JSON.stringify([both.said, both.notes]), /hush/);
});

Deno.test("what is missing is named, with how to have it", async () => {
  const { said, config } = await read([]);
  assert.equal(config, undefined);
  assert.match(said[0] ?? "", /^--coordinator: is needed.*COORDINATOR_URL/);
  assert.match(
    said[1] ?? "",
    /^--token-file: is needed \(or WORKER_TOKEN\).*coder-k8s worker-token --worker-key-file/,
  );
  assert.equal(said.length, 2);
  const named = await read(LEAST, { hostname: "-strange host-" });
  assert.match(named.said.join(), /^--id: is needed: the host's name "-strange host-" cannot be a worker's$/);
  assert.deepEqual((await read([...LEAST, "--id=w"], { hostname: "-strange host-" })).said, []);
  assert.equal((await read([...LEAST, "--id=-w"])).said.length, 1);
});

Deno.test("a token does not travel in plain text to other machines, unless that is said", async () => {
  const plain = await read([], { environment: { COORDINATOR_URL: "http://coordinator", WORKER_TOKEN: "t" } });
  assert.equal(plain.said.length, 1);
  assert.match(
    plain.said[0] ?? "",
    /^COORDINATOR_URL: http:\/\/coordinator:50050 would get.*plain text.*--grpc-insecure/,
  );
  for (
    const args of [["--coordinator=http://coordinator", "--grpc-insecure"], ["--coordinator=127.0.0.1:1"], [
      "--coordinator=http://[::1]",
    ]]
  ) {
    assert.deepEqual((await read([...args, "--token-file=/t"])).said, [], args.join());
  }
});

Deno.test("the port of clients is told from that of workers", async () => {
  const { notes, config } = await read(["--grpc-insecure"], {
    environment: { COORDINATOR_URL: "http://coordinator:8080", WORKER_TOKEN: "t" },
  });
  assert.match(
    notes.warnings.join(),
    /^COORDINATOR_URL: port 8080 is where clients call.*write http:\/\/coordinator:50050/,
  );
  assert.equal(config?.coordinator, "http://coordinator:8080", "it may be so on purpose");
});

Deno.test("certificates come in pairs, and mean nothing without TLS", async () => {
  assert.deepEqual((await read([...LEAST, "--cert-file=/c"])).said, ["--cert-file: also needs --key-file"]);
  assert.deepEqual((await read([...LEAST, "--key-file=/k"])).said, ["--key-file: also needs --cert-file"]);
  const { said } = await read(["--coordinator=127.0.0.1", "--token-file=/t", "--ca-file=/ca"]);
  assert.deepEqual(said, ["--ca-file: does nothing with http; write https in --coordinator"]);
});

Deno.test("directories of people lie in their homes; without one they have to be named", async () => {
  const mine = await read(LEAST, { isRoot: false, environment: { HOME: "/home/ann" } });
  assert.equal(mine.config?.workspacesDir, "/home/ann/.local/state/coder-k8s/workspaces");
  assert.equal(mine.config?.cacheDir, "/home/ann/.cache/coder-k8s/packages");
  const nowhere = await read(LEAST, { isRoot: false });
  assert.deepEqual(nowhere.said, [
    "--workspaces-dir: is needed: there is no $HOME to put it below",
    "--cache-dir: is needed: there is no $HOME to put it below",
  ]);
  const named = await read([...LEAST, "--workspaces-dir=/w", "--package-mirror=false"], { isRoot: false });
  assert.deepEqual(named.said, []);
});

Deno.test("several coordinators: rules hold for each of them", async () => {
  const { config } = await read(["--coordinator=https://a,https://b:1", "--token-file=/t"]);
  assert.equal(config?.coordinator, "https://a:50050,https://b:1");
  const { said } = await read(["--coordinator=https://a,http://b", "--token-file=/t", "--ca-file=/ca"]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^--coordinator: http:\/\/b:50050 would get.*plain text/);
  const { notes } = await read(["--coordinator=https://a,https://b:8080", "--token-file=/t"]);
  assert.match(notes.warnings[0] ?? "", /write https:\/\/b:50050/);
});
