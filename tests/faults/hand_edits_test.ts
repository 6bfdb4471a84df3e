/** Somebody edits and deletes children by hand, quickly, while the spec changes too: in the end the spec holds. */
import assert from "node:assert/strict";
import type { KubeObject } from "../../src/api/object.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { RestError, waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type Scene, startScene } from "./scene.ts";

const SEED = 31_337;
const EDITS = 80;
const KINDS = ["deployments", "services", "serviceaccounts"] as const;
type Kind = typeof KINDS[number];

/** Fields that the operator sets, changed; one of another's own beside each. */
function patchOf(kind: Kind, random: () => number, i: number): object {
  const metadata = {
    labels: { "app.kubernetes.io/name": pick(random, [null, "wrong"]), "example.com/by": "hand" },
    annotations: { "coder.com/applied": pick(random, [null, "wrong"]), [`example.com/edit-${i}`]: "kept" },
  };
  if (kind === "serviceaccounts") return { metadata };
  if (kind === "services") {
    const ports = [{ name: "http", port: 1 + below(random, 7_999), targetPort: 1 }];
    return { metadata, spec: { ports, selector: { "app.kubernetes.io/instance": "wrong" } } };
  }
  const container = {
    name: "coder",
    image: `example.com/wrong:${i}`,
    env: [{ name: "TEST_A", value: "wrong" }],
  };
  return { metadata, spec: { template: { spec: { containers: [container] } } } };
}

/** Carries one edit out, without effect where the child is not there at the moment. */
async function byHand(scene: Scene, kind: Kind, patch: object): Promise<boolean> {
  try {
    await scene.cluster.request("PATCH", `${scene.path(kind, "p")}?fieldManager=kubectl-edit`, patch, {
      contentType: kind === "deployments"
        ? "application/strategic-merge-patch+json"
        : "application/merge-patch+json",
    });
    return true;
  } catch (error) {
    if (error instanceof RestError && error.status === 404) return false;
    throw error;
  }
}

/** What `byHand` left in the children that are there now. */
function notes({ metadata }: KubeObject): string[] {
  return Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith("example.com/edit-"))
    .sort();
}

Deno.test("after many quick edits by hand every child equals the spec, and foreign fields are kept", async () => {
  await using scene = await startScene("edits");
  await using operator = await scene.operator();
  await scene.create("p");
  await scene.settled("p");
  const mark = await scene.cluster.audit.mark();
  const random = seededRandom(SEED);
  const made = new Map<Kind, string[]>(KINDS.map((kind) => [kind, []]));
  for (let i = 0; i < EDITS; i++) {
    const kind = pick(random, KINDS);
    if (await byHand(scene, kind, patchOf(kind, random, i))) made.get(kind)?.push(`example.com/edit-${i}`);
    if (i % 20 === 10) {
      const extraEnv = [{ name: "TEST_A", value: String(i) }];
      await scene.change("p", {
        spec: { extraEnv, image: `example.com/right:${i}`, service: { port: 8_000 + i } },
      });
    }
  }
  const plane = await scene.settled("p");
  assert.equal(plane.spec?.image, "example.com/right:70");
  for (const kind of KINDS) {
    const path = scene.path(kind, "p");
    const child = await waitFor(async () => {
      const { metadata }: KubeObject = await scene.cluster.request("GET", path);
      const { labels, annotations } = metadata;
      const back = labels?.["app.kubernetes.io/name"] === "coder-control-plane" &&
        /^[0-9a-f]{16}$/.test(annotations?.["coder.com/applied"] ?? "");
      return back
        ? { metadata } as KubeObject
        : Promise.reject(new Error(JSON.stringify({ labels, annotations })));
    }, { what: `the metadata of ${kind} to be put back` });
    assert.equal(child.metadata.labels?.["example.com/by"], "hand", kind);
    assert.deepEqual(
      notes(child),
      made.get(kind)?.toSorted(),
      `${kind}: nothing of another's was taken away`,
    );
  }
  const { service } = await scene.children("p");
  assert.equal(service?.spec?.selector?.["app.kubernetes.io/instance"], "p");
  // Hands that are quicker than any look at what they do are given way to, and what they did is put right later.
  const failures = operator.failures().filter((line) =>
    !/gave way to other writers/.test(JSON.stringify(line))
  );
  assert.deepEqual(failures, []);
  const calls = (await scene.cluster.audit.since(mark)).writes(OPERATOR_USER).length;
  assert.ok(calls <= 6 * EDITS, `${calls} writes for ${EDITS} edits`);
});
