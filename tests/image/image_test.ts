/** The product in the root file system of its image: not root, nothing writable but /tmp, no shell. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { freePorts } from "../cluster/ports.ts";
import { LATEST } from "../mcp/clients.ts";
import { installOperator } from "../operator/install.ts";
import { type OperatorProcess, startOperator } from "../operator/process.ts";
import { startProcess } from "../sessions/process.ts";
import { untilReady } from "../sessions/rig.ts";
import { productBinary } from "./binary.ts";
import { readContainerfile } from "./containerfile.ts";
import { type Jail, type JailOptions, makeJail } from "./jail.ts";
import { ensureDistrolessRoot } from "./roots.ts";
import { sizeOf } from "./size.ts";

const MB = 1_000_000;

async function jail(options: Partial<JailOptions> = {}): Promise<Jail> {
  const stage = (await readContainerfile()).get("coder-k8s")!;
  return await makeJail({
    root: await ensureDistrolessRoot(),
    binary: await productBinary(),
    stage,
    ...options,
  });
}

async function run(program: string, args: readonly string[], input = "") {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(120_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  // Who reads nothing may have ended before.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** What the kernel says about a process. */
async function facts({ pid }: { pid: number }) {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
  const mounts = (await Deno.readTextFile(`/proc/${pid}/mountinfo`)).trim().split("\n")
    .map((line) => line.split(" "));
  // The kernel tells places as the process sees them.
  const options = (path: string) =>
    mounts.findLast(([, , , , place]) => place === path)?.[5]?.split(",") ?? [];
  return {
    uid: field("Uid")?.split("\t"),
    gid: field("Gid")?.split("\t"),
    capabilities: [field("CapPrm"), field("CapEff"), field("CapInh")],
    noNewPrivileges: field("NoNewPrivs"),
    root: options("/"),
    temporary: options("/tmp"),
  };
}

Deno.test("version, help, completion and a refusal", async () => {
  await using it = await jail();
  const version = await run(it.program, ["version", "-o", "json"]);
  assert.equal(version.code, 0, version.err);
  assert.match(JSON.parse(version.out).version, /^\d+\.\d+\.\d+/);
  const help = await run(it.program, ["--help"]);
  assert.deepEqual([help.code, help.err], [0, ""]);
  assert.match(help.out, /^Usage$/m);
  const refused = await run(it.program, ["controller", "--nope"]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /--nope: unknown flag/);
});

Deno.test("any user of the cluster's choice will do, one without a name, too", async () => {
  await using it = await jail({ uid: 1_000_700_000 });
  const version = await run(it.program, ["version"]);
  assert.deepEqual([version.code, version.err], [0, ""]);
});

Deno.test("there is no shell, and no other program to start", async () => {
  const root = await ensureDistrolessRoot();
  const programs: string[] = [];
  for (const folder of ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin"]) {
    try {
      for await (const { name } of Deno.readDir(join(root, folder))) programs.push(`${folder}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  // glibc's and its time zones' own; none runs what it is given.
  const known =
    /\/(c_rehash|catchsegv|getconf|getent|iconv|iconvconfig|ldconfig|ldd|locale|localedef|pldd|tzselect|zdump|zic|ld\.so|sotruss|sprof|xtrace)$/;
  assert.deepEqual(programs.filter((name) => !known.test(name)), []);
  assert.ok(!programs.some((name) => /\/(sh|bash|dash|busybox|apt|dpkg)$/.test(name)));
});

Deno.test("the image and the executable are as small as they are promised", async () => {
  const { binary, image } = await sizeOf(await ensureDistrolessRoot(), await productBinary());
  assert.ok(binary <= 120 * MB, `the executable has ${(binary / MB).toFixed(1)} MB; 120 MB is the most`);
  assert.ok(image <= 140 * MB, `the image has ${(image / MB).toFixed(1)} MB; 140 MB is the most`);
});

Deno.test("mode all on a real cluster: ready, as 1000, without rights, on a read-only root, and ends with 0", async () => {
  const cluster = await sharedCluster();
  const kubeconfig = await Deno.readTextFile(await installOperator(cluster));
  const namespace = await cluster.newNamespace("image");
  const [api = 0] = freePorts(1);
  await using it = await jail({ given: { kubeconfig } });
  await using operator: OperatorProcess = await startOperator({
    kubeconfig: "/tmp/given/kubeconfig",
    mode: "all",
    binary: it.program,
    args: [
      `--namespace=${namespace}`,
      "--leader-election-namespace=coder-system",
      "--leader-elect=false",
      "--coder-access=direct",
      `--aggregated-bind-address=127.0.0.1:${api}`,
    ],
  });
  await operator.ready(180_000);
  assert.deepEqual(await facts(operator), {
    uid: ["1000", "1000", "1000", "1000"],
    gid: ["1000", "1000", "1000", "1000"],
    capabilities: ["0000000000000000", "0000000000000000", "0000000000000000"],
    noNewPrivileges: "1",
    root: ["ro", "relatime"],
    temporary: ["rw", "nosuid", "nodev", "relatime"],
  });
  const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/sample`;
  await cluster.apply({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: "sample", namespace },
    spec: { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "postgres://coder@db/coder" }] },
  });
  await waitFor(async () => (await cluster.find(path))?.status?.phase === "Ready", {
    what: `control plane ${namespace}/sample to be Ready`,
    timeoutMs: 120_000,
  });
  assert.equal(await operator.stop(), 0, operator.lines.slice(-5).join("\n"));
});

/** What a coordinator is given, and told, in a jail. */
const GIVEN = {
  tokens: "ann ann-0123456789abcdef\n",
  keys: "a key of the tests that is long enough for anybody",
};
const COORDINATOR = [
  "coordinator",
  ...["bind", "metrics-bind", "grpc-bind"].map((port) => `--${port}-address=127.0.0.1:0`),
  "--debug-bind-address=0",
  "--log-format=json",
  "--auth-token-file=/tmp/given/tokens",
  "--worker-key-file=/tmp/given/keys",
];

Deno.test("a coordinator answers its probes, and ends with 0", async () => {
  await using it = await jail({ given: GIVEN });
  await using coordinator = startProcess({ binary: it.program, args: COORDINATOR });
  await untilReady(`http://${await coordinator.address("MCP")}/healthz`, coordinator);
  assert.equal((await facts(coordinator)).uid?.[0], "1000");
  assert.equal(await coordinator.stop(), 0, coordinator.lines.slice(-5).join("\n"));
});

Deno.test("as process 1 of a container, which no signal ends that it does not handle, it ends with 0", async () => {
  await using it = await jail({ first: true, given: GIVEN });
  await using coordinator = startProcess({ binary: it.program, args: COORDINATOR });
  await untilReady(`http://${await coordinator.address("MCP")}/healthz`, coordinator);
  const { pid } = coordinator;
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  const program = Number(children.trim());
  assert.match(await Deno.readTextFile(`/proc/${program}/status`), /^NSpid:.*\t1$/m);
  Deno.kill(program, "SIGTERM");
  assert.equal(await coordinator.ended, 0, coordinator.lines.slice(-5).join("\n"));
});

Deno.test("MCP by standard input and output", async () => {
  const cluster = await sharedCluster();
  const kubeconfig = await Deno.readTextFile(await installOperator(cluster));
  await using it = await jail({ given: { kubeconfig } });
  await using client = await LATEST.connect({
    command: it.program,
    args: ["mcp-stdio", "--kubeconfig=/tmp/given/kubeconfig"],
  });
  assert.ok((await client.tools()).length > 20);
});
