/** The commands of sandbox sessions as people type them: keys, tokens, TLS, the documented file, what there is. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { type Outcome, runProgram, variants } from "../cli/program.ts";
import { waitFor } from "../cluster/wait.ts";
import { LATEST } from "../mcp/clients.ts";
import { startProcess } from "./process.ts";
import { untilReady, workersPort } from "./rig.ts";

const [variant] = variants().toReversed();

const TOKEN = "ann-0123456789abcdef";

/** As in the document, with names of the documents that it takes over from. */
const CONFIG = `server:
  name: codegen-mcp-coordinator
  log_level: info
session:
  max_age: 20m
  cleanup_interval: 5m
worker:
  url: http://worker-service:8081
  timeout: 5m
  max_retries: 3
audit:
  enabled: true
  backend: stdout
  format: json
`;

async function certificate(directory: string): Promise<void> {
  const { code, stderr } = await new Deno.Command("openssl", {
    cwd: directory,
    args: "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=coordinator"
      .split(" ")
      .concat("-addext", "subjectAltName=DNS:localhost", "-keyout", "tls.key", "-out", "tls.crt"),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

Deno.test("from a key to a session, with the commands of the document", async (t) => {
  assert.ok(variant);
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-commands-" });
  const write = (name: string, text: string) => Deno.writeTextFile(`${directory}/${name}`, text);
  const run = (...args: string[]): Promise<Outcome> => runProgram(variant, args, { cwd: directory });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  await certificate(directory);
  await write("worker.key", "a key of the tests that is long enough for anybody\n");
  await write("callers", `ann ${TOKEN}\nbob bob-0123456789abcdef\n`);
  await write("ann.token", `${TOKEN}\n`);
  await write("bob.token", "bob-0123456789abcdef\n");
  await write("config.yaml", CONFIG);

  const made = await run("worker-token", "--worker-key-file=worker.key", "--worker-id=worker-1");
  assert.deepEqual([made.code, made.err], [0, ""]);
  assert.match(made.out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  await write("worker-1.token", made.out);

  const coordinator = stack.use(startProcess({
    binary: variant.binary,
    env: {
      PORT: "0",
      CODER_K8S_COORDINATOR_CONFIG: `${directory}/config.yaml`,
      SESSION_MAX_AGE: "10m",
      WORKER_URL: "http://worker:8081",
    },
    args: [
      "coordinator",
      "--bind-address=127.0.0.1:0",
      "--metrics-bind-address=0",
      "--debug-bind-address=0",
      "--log-format=json",
      "--grpc-bind-address=127.0.0.1:0",
      `--worker-key-file=${directory}/worker.key`,
      `--grpc-tls-cert-file=${directory}/tls.crt`,
      `--grpc-tls-private-key-file=${directory}/tls.key`,
      `--auth-token-file=${directory}/callers`,
      "--admins=ann",
    ],
  }));
  const url = `http://${await coordinator.address("MCP")}`;
  const port = (await workersPort(coordinator)).split(":").at(-1);
  const worker = stack.use(startProcess({
    binary: variant.binary,
    env: {
      COORDINATOR_URL: `https://localhost:${port}`,
      WORKER_ID: "worker-1",
      WORKER_TOKEN_FILE: `${directory}/worker-1.token`,
    },
    args: [
      "worker",
      `--ca-file=${directory}/tls.crt`,
      `--workspaces-dir=${directory}/workspaces`,
      `--cache-dir=${directory}/cache`,
      "--health-bind-address=127.0.0.1:0",
      "--log-format=json",
    ],
  }));
  const health = `http://${await worker.address("health probes")}`;
  await untilReady(`${health}/ready`, worker);

  await t.step("what has no meaning here is told in the log", () => {
    const warnings = coordinator.lines.filter((line) => line.includes('"level":"warn"')).join("\n");
    assert.match(warnings, /WORKER_URL is not used/);
    assert.match(warnings, /worker\.url .* is not used/);
  });

  await t.step("the worker's health has the documented path", async () => {
    const answer = await fetch(`${health}/health`);
    assert.deepEqual([answer.status, (await answer.text()).trim()], [200, "ok"]);
  });

  const asAnn = [`--url=${url}`, "--token-file=ann.token"];
  await t.step("sessions and workers are shown, with the time that the environment says", async () => {
    assert.equal((await run("sessions", "list", ...asAnn)).out, "No sessions.\n");
    await using client = await LATEST.connect({ url: `${url}/mcp`, token: TOKEN });
    const answer = await client.call("session.create", { name: "box", labels: { team: "a" } });
    assert.equal(answer.isError, false, answer.text);
    const list = await run("sessions", "list", ...asAnn);
    assert.match(
      list.out,
      /^NAME +SESSION +OWNER +STATE +WORKER +ISOLATION +AGE +EXPIRES\nbox +sess-\w+ +ann +ready +worker-1 +full +\d+s +(9m\d*s?|10m)\n$/,
    );
    const workers = await run("sessions", "workers", ...asAnn, "-o", "yaml");
    assert.equal(parse(workers.out)[0].id, "worker-1");
    const one = await run(
      "sessions",
      "get",
      "box",
      `--url=${url}/mcp`,
      "--token-file=ann.token",
      "-o",
      "json",
    );
    assert.deepEqual(JSON.parse(one.out).labels, { team: "a" });
  });

  await t.step("who is no administrator, or nobody, is refused with what to do", async () => {
    const bob = await run("sessions", "list", `--url=${url}`, "--token-file=bob.token");
    assert.deepEqual([bob.code, bob.out], [1, ""]);
    assert.match(bob.err, /bob may not see everybody's sessions: the coordinator's --admins must name you/);
    const nobody = await run("sessions", "list", `--url=${url}`);
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /answers 401: .*give --token-file/);
    const elsewhere = await run("sessions", "list", `--url=${health}`);
    assert.match(elsewhere.err, /is --url a coordinator's\?|not as a coordinator does/);
  });

  await t.step("a worker with another's token is refused, and says so", async () => {
    await using other = startProcess({
      binary: variant.binary,
      args: [
        "worker",
        `--coordinator=https://localhost:${port}`,
        "--id=worker-2",
        `--token-file=${directory}/worker-1.token`,
        `--ca-file=${directory}/tls.crt`,
        `--workspaces-dir=${directory}/other`,
        `--cache-dir=${directory}/other-cache`,
        "--health-bind-address=0",
        "--log-format=json",
      ],
    });
    await other.line(
      (entry) => JSON.stringify(entry).includes("the token is of worker worker-1") ? true : undefined,
      "the refusal",
    );
  });

  await t.step("what is stopped ends in order", async () => {
    assert.equal(await worker.stop(), 0);
    await waitFor(async () => {
      const { out } = await run("sessions", "workers", ...asAnn);
      return !/worker-1 +connected/.test(out);
    }, { what: "the worker to be gone", timeoutMs: 120_000 });
    assert.equal(await coordinator.stop(), 0);
    const gone = await run("sessions", "list", ...asAnn);
    assert.equal(gone.code, 1);
    assert.match(gone.err, /cannot be reached: .*Is the coordinator running/);
  });
});

Deno.test("without options each command says what it needs, and starts nothing", async () => {
  assert.ok(variant);
  const [coordinator, worker, token, sessions] = await Promise.all(
    [["coordinator"], ["worker"], ["worker-token"], ["sessions", "show"]].map((args) =>
      runProgram(variant, args)
    ),
  );
  for (const outcome of [coordinator, worker, token, sessions]) {
    assert.deepEqual([outcome?.code, outcome?.out], [2, ""]);
  }
  assert.match(coordinator?.err ?? "", /--worker-key-file: is needed, or --embedded-worker/);
  assert.match(worker?.err ?? "", /--coordinator: is needed/);
  assert.match(token?.err ?? "", /--worker-id: is needed/);
  assert.match(sessions?.err ?? "", /show: write list, get or workers/);
});
