/** Workers in pods do not start as root of their node: in processes of their own, and the compiled program where there is one. */
import assert from "node:assert/strict";
import { runProgram, variants } from "../cli/program.ts";
import { startProcess } from "./process.ts";

const [variant] = variants().toReversed();
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A directory with a worker's token, and the program in a user namespace of its own. */
async function place(): Promise<AsyncDisposable & { path: string; namespaced: string }> {
  assert.ok(variant);
  const path = await Deno.makeTempDir({ prefix: "coder-k8s-node-root-" });
  await Deno.writeTextFile(`${path}/worker.key`, "a key of the tests that is long enough for anybody\n");
  const { out, err } = await runProgram(
    variant,
    ["worker-token", "--worker-key-file=worker.key", "--worker-id=worker-1"],
    { cwd: path },
  );
  assert.equal(err, "");
  await Deno.writeTextFile(`${path}/token`, out);
  const program = variant.binary ?? `${Deno.execPath()} run -A --no-check ${MAIN}`;
  const namespaced = `${path}/namespaced`;
  await Deno.writeTextFile(namespaced, `#!/bin/sh\nexec unshare --user --map-root-user ${program} "$@"\n`);
  await Deno.chmod(namespaced, 0o755);
  return { path, namespaced, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A worker that waits for a coordinator which is not there. */
function worker(path: string, more: readonly string[], env: Record<string, string>, binary?: string) {
  return startProcess({
    binary: binary ?? variant?.binary,
    env,
    args: [
      "worker",
      "--coordinator=http://127.0.0.1:1",
      "--id=worker-1",
      `--token-file=${path}/token`,
      `--workspaces-dir=${path}/workspaces`,
      `--cache-dir=${path}/cache`,
      "--health-bind-address=0",
      "--log-format=json",
      ...more,
    ],
  });
}

const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
const isReady = ({ msg }: Record<string, unknown>) =>
  ["sandboxes are ready", "nothing isolates sessions here: they are refused"].find((each) => each === msg);
const REFUSAL = /root of its node, with CAP_SYS_ADMIN.*hostUsers: false.*--allow-node-root/;

Deno.test("in a pod without a user namespace of its own a worker does not start as root", async (t) => {
  await using own = await place();

  await t.step("it ends, and says what to do", async () => {
    await using refused = worker(own.path, [], POD);
    assert.equal(await refused.ended, 1);
    const [last] = refused.lines.filter((line) => line.includes('"level":"error"'));
    assert.match(last ?? refused.lines.join("\n"), REFUSAL);
    assert.deepEqual(
      [...Deno.readDirSync(own.path)].map(({ name }) => name).filter((name) => name === "workspaces"),
      [],
      "nothing was made",
    );
  });

  await t.step("so does a coordinator with a worker of its own", async () => {
    await using refused = startProcess({
      binary: variant?.binary,
      env: POD,
      args: [
        "coordinator",
        "--embedded-worker",
        "--bind-address=127.0.0.1:0",
        "--metrics-bind-address=0",
        "--debug-bind-address=0",
        `--workspaces-dir=${own.path}/workspaces`,
        `--cache-dir=${own.path}/cache`,
        "--log-format=json",
      ],
    });
    assert.equal(await refused.ended, 1);
    assert.match(refused.lines.join("\n"), REFUSAL);
  });

  await t.step("it starts where somebody says that it may, and outside of pods", async () => {
    await using allowed = worker(own.path, ["--allow-node-root"], POD);
    await allowed.line(isReady, "sandboxes");
    assert.equal(await allowed.stop(), 0);
    // Whoever runs these tests may be in a pod.
    await using outside = worker(own.path, [], { KUBERNETES_SERVICE_HOST: "" });
    await outside.line(isReady, "sandboxes");
  });

  await t.step("it starts as root of a user namespace", async () => {
    await using namespaced = worker(own.path, [], POD, own.namespaced);
    await namespaced.line(isReady, "sandboxes");
  });
});
