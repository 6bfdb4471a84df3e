/** `coder-k8s coordinator --session-store` as a process of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { waitFor } from "../cluster/wait.ts";
import { startProcess } from "../sessions/process.ts";
import { startRedis, type TestRedis } from "./server.ts";

const PASSWORD = "hunter2-of-the-store";

async function argsFor(redis: TestRedis, password: string): Promise<string[]> {
  const passwordFile = join(redis.dir, "password");
  await Deno.writeTextFile(passwordFile, `${password}\n`);
  const workerKeys = join(redis.dir, "worker-keys");
  await Deno.writeTextFile(workerKeys, "x".repeat(48));
  return [
    ...["coordinator", "--bind-address=127.0.0.1:0", "--grpc-bind-address=127.0.0.1:0"],
    ...["--metrics-bind-address=127.0.0.1:0", "--debug-bind-address=0", "--audit-log=off"],
    ...[`--worker-key-file=${workerKeys}`, "--log-format=json", "--debug"],
    ...[`--session-store=${redis.url}`, `--session-store-password-file=${passwordFile}`],
  ];
}

Deno.test("a coordinator is ready while its store is there, tells metrics of it, and shows no secret", async () => {
  await using redis = await startRedis({ password: PASSWORD, keeps: true });
  await using coordinator = startProcess({ args: await argsFor(redis, PASSWORD) });
  const base = `http://${await coordinator.address("MCP")}`;
  const ready = async () => {
    const answer = await fetch(`${base}/ready`);
    return { status: answer.status, text: await answer.text() };
  };
  await waitFor(async () => (await ready()).status === 200, { what: "readiness" });
  await redis.stop("SIGKILL");
  const red = await waitFor(async () => {
    const answer = await ready();
    return answer.status !== 200 && answer;
  }, { what: "red" });
  assert.match(red.text, /session store/);
  const metrics = `http://${await coordinator.address("metrics")}/metrics`;
  const says = async (line: string) => (await (await fetch(metrics)).text()).split("\n").includes(line);
  // One of its two connections may notice later than the other.
  await waitFor(() => says('coordinator_store_up{connection="sessions"} 0'), { what: "what metrics tell" });
  await redis.start();
  await waitFor(async () => (await ready()).status === 200, { what: "readiness again" });
  await waitFor(() => says('coordinator_store_up{connection="sessions"} 1'), { what: "what metrics tell" });
  const keys = await redis.command("GET", "coder-k8s:sessions:v1:t:keys");
  const { current } = JSON.parse(String(keys));
  assert.equal(await coordinator.stop(), 0);
  const said = coordinator.lines.join("\n");
  assert.match(said, /the session store is there/);
  for (const secret of [PASSWORD, current]) assert.ok(!said.includes(secret));
});

Deno.test("a coordinator whose password is not taken ends, and says so", async () => {
  await using redis = await startRedis({ password: PASSWORD });
  await using coordinator = startProcess({ args: await argsFor(redis, "hunter3-is-wrong") });
  assert.equal(await coordinator.ended, 1);
  const said = coordinator.lines.join("\n");
  assert.match(said, /--session-store: .* does not take the password or the user/);
  assert.ok(!said.includes("hunter"));
});
