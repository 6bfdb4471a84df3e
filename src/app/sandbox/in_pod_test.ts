import assert from "node:assert/strict";
import { isInPod } from "./in_pod.ts";

const NOWHERE = "/nowhere/serviceaccount";

Deno.test("a pod is known by the variable that Kubernetes sets", () => {
  assert.equal(isInPod({ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, NOWHERE), true);
  assert.equal(isInPod({ KUBERNETES_SERVICE_HOST: "" }, NOWHERE), false);
  assert.equal(isInPod({ COORDINATOR_URL: "https://c" }, NOWHERE), false);
});

Deno.test("a pod is known by the directory of its account's token", async () => {
  const directory = await Deno.makeTempDir();
  try {
    assert.equal(isInPod({}, directory), true);
    await Deno.writeTextFile(`${directory}/file`, "");
    assert.equal(isInPod({}, `${directory}/file`), false, "a file is none");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
