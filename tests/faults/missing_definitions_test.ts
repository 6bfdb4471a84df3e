/** The CRDs are not there when the operator starts, come, go and come again. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { installOperator } from "../operator/install.ts";
import { installDefinitions } from "./cluster.ts";
import { type LocalOperator, runOperator } from "./operator.ts";
import { type Scene, startScene } from "./scene.ts";

const CRDS = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"].map((name) =>
  `crd/${name}.coder.com`
);

async function remove(scene: Scene): Promise<void> {
  await scene.cluster.kubectl(["delete", "--wait", ...CRDS]);
}

/** Waits until readiness is red for want of the definition, and says how to mend it. */
async function waitsForDefinitions(operator: LocalOperator): Promise<void> {
  await waitFor(async () => {
    const { status, body } = await operator.readyz();
    const says = /definitions failed: .*codercontrolplanes\.coder\.com is not installed.*kubectl apply/.test(
      body,
    );
    return status === 503 && says || Promise.reject(new Error(body));
  }, { what: "/readyz to say which definition is missing" });
}

/** Creates a control plane, as soon as the API server takes it, and waits until it works. */
async function works(scene: Scene, operator: LocalOperator, name: string): Promise<void> {
  await waitFor(() => scene.create(name, { replicas: 0 }), {
    what: `${name} to be accepted`,
    intervalMs: 20,
  });
  await scene.settled(name);
  await operator.ready();
}

Deno.test("without its definitions the operator waits, says so, and works as soon as they are there", async () => {
  await using scene = await startScene("undefined");
  try {
    await remove(scene);
    await using operator = await runOperator({ kubeconfig: scene.kubeconfig });
    await waitsForDefinitions(operator);
    await waitFor(
      () =>
        operator.entries.some(({ level, msg }) =>
          level === "warn" && /definition is not installed/.test(msg)
        ),
      { what: "the log to say so" },
    );
    await installOperator(scene.cluster);
    await works(scene, operator, "first");

    await remove(scene);
    await waitsForDefinitions(operator);
    await installOperator(scene.cluster);
    await works(scene, operator, "second");
    assert.deepEqual(operator.failures(), []);
  } finally {
    await installDefinitions(scene.cluster);
  }
});
