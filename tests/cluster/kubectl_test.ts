import assert from "node:assert/strict";
import { runKubectl } from "./kubectl.ts";

/** `sh` in kubectl's place. */
function sh(script: string, options: Parameters<typeof runKubectl>[2] = {}) {
  return runKubectl("sh", ["-c", script], options);
}

Deno.test("input, environment and kubeconfig reach the program", async () => {
  const { stdout } = await sh('cat; echo " $KUBECONFIG $EXTRA"', {
    input: "object",
    kubeconfig: "/some/kubeconfig",
    env: { EXTRA: "more" },
  });
  assert.equal(stdout, "object /some/kubeconfig more\n");
});

Deno.test("without a kubeconfig that of the user is not touched", async () => {
  assert.equal((await sh("echo $KUBECONFIG")).stdout, "/dev/null\n");
});

Deno.test("a failure is thrown with what the program said, or returned where that is allowed", async () => {
  await assert.rejects(sh("echo why >&2; exit 4"), /kubectl -c .* exited with 4\nwhy/);
  const { code, stderr } = await sh("echo why >&2; exit 4", { allowFailure: true });
  assert.deepEqual({ code, stderr }, { code: 4, stderr: "why\n" });
});

Deno.test("a program that takes too long is killed and named", async () => {
  await assert.rejects(
    sh("exec sleep 60", { timeoutMs: 50, allowFailure: true }),
    /kubectl -c exec sleep 60 took longer than 0\.05 s/,
  );
});

Deno.test("a program that ends without reading its input is judged by its exit code", async () => {
  const { code } = await sh("exit 0", { input: "x".repeat(4_000_000) });
  assert.equal(code, 0);
});
