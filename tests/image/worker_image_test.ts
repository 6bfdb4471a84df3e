/** The workers' image: sessions as 1000 without any right, with the programs that it promises. */
import assert from "node:assert/strict";
import { mintWorkerToken, parseWorkerKeys } from "../../src/sessions/wire/worker_tokens.ts";
import { ask } from "../sessions/ask.ts";
import { startProcess } from "../sessions/process.ts";
import { KEY, startRig, untilReady, workersPort } from "../sessions/rig.ts";
import { productBinary } from "./binary.ts";
import { readContainerfile } from "./containerfile.ts";
import { makeJail } from "./jail.ts";
import { ensureWorkerRoot } from "./roots.ts";

/** What this machine has set for its registries, for sessions that install packages. */
const REGISTRIES =
  /^(PIP_INDEX_URL|PIP_EXTRA_INDEX_URL|PIP_TRUSTED_HOST|npm_config_registry|HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy)$/;

const waitMs = 240_000;

Deno.test("a worker of the image runs sessions: isolated, not as root, with Python, pip, pytest, Node.js, npm and git", async (t) => {
  const binary = await productBinary();
  const stage = (await readContainerfile()).get("worker")!;
  const registries = Object.entries(Deno.env.toObject()).filter(([name]) => REGISTRIES.test(name));
  await using rig = await startRig({ workers: [], binary });
  await using it = await makeJail({
    root: await ensureWorkerRoot(),
    stage,
    binary,
    volumes: ["/workspaces", "/cache"],
    // The machine's authorities: its registries may stand behind one of its own.
    given: { authorities: await Deno.readTextFile("/etc/ssl/certs/ca-certificates.crt") },
    env: {
      WORKER_TOKEN: await mintWorkerToken(parseWorkerKeys(KEY), {
        workerId: "w1",
        ttlMs: 3_600_000,
        now: Date.now(),
      }),
      ...Object.fromEntries(registries),
      PIP_CERT: "/tmp/given/authorities",
    },
  });
  await using worker = startProcess({
    binary: it.program,
    args: [
      ...stage.command,
      `--coordinator=http://${await workersPort(rig.coordinator)}`,
      "--worker-id=w1",
      "--health-bind-address=127.0.0.1:0",
      "--metrics-bind-address=127.0.0.1:0",
      "--log-format=json",
      "--workspaces-dir=/workspaces",
      "--cache-dir=/cache",
    ],
  });
  await untilReady(`http://${await worker.address("health probes")}/ready`, worker);
  await using ann = await rig.client("ann");
  const shell = async (command: string) => {
    const { exitCode, stdout, stderr } = await ask(ann, "run.command", { command, waitMs });
    assert.equal(exitCode, 0, `${command}: ${stderr}`);
    return String(stdout);
  };

  await t.step("what is promised is there", async () => {
    const said = await shell(
      "python3 --version; pip --version; python3 -m pytest --version; node --version; npm --version; git --version; bwrap --version",
    );
    assert.match(
      said,
      /^Python 3\.\d+\.\d+\npip [\d.]+ .*\npytest [\d.]+\nv24\.[\d.]+\n\d+\.[\d.]+\ngit version .*\nbubblewrap .*\n$/,
    );
  });

  await t.step("a session is nobody, sees its own processes alone, and writes nowhere else", async () => {
    const { isolation } = (await worker.line(
      (entry) => "isolation" in entry ? entry : undefined,
      "what isolates sessions",
    )) as { isolation: unknown };
    assert.match(String(isolation), /namespaces|full/);
    const said = await shell(
      "id -u; ls /proc | grep -c '^[0-9]'; touch /usr/here 2>/dev/null && echo written; grep ^CapEff /proc/self/status",
    );
    const [uid, processes, capabilities] = said.trim().split("\n");
    assert.match(uid!, /^[1-9]\d*$/);
    assert.ok(Number(processes) < 10, `${processes} processes are seen`);
    assert.match(capabilities!, /^CapEff:\s+0+$/);
  });

  await t.step("Python runs, and pytest tests what was written", async () => {
    await ask(ann, "fs.write", { path: "test_sum.py", contents: "def test_sum():\n    assert 1 + 1 == 2\n" });
    const run = await ask(ann, "run.python", { code: "print(6 * 7)" });
    assert.deepEqual([run["stdout"], run["exitCode"]], ["42\n", 0]);
    const tested = await ask(ann, "test.run", { waitMs });
    assert.equal(tested["exitCode"], 0, JSON.stringify(tested));
    assert.match(JSON.stringify(tested), /"passed":1/);
  });

  await t.step("pip installs, for the session alone", async () => {
    const { exitCode, installed } = await ask(ann, "pkg.install", { packages: ["six==1.16.0"], waitMs });
    assert.equal(exitCode, 0);
    assert.deepEqual(installed, [{ name: "six", version: "1.16.0" }]);
    assert.equal(await shell("python3 -c 'import six; print(six.__version__)'"), "1.16.0\n");
  });

  await t.step("Node.js runs", async () => {
    assert.equal(await shell(`node -e 'console.log(6 * 7)'`), "42\n");
  });

  assert.equal(await worker.stop(), 0, worker.lines.slice(-5).join("\n"));
});
