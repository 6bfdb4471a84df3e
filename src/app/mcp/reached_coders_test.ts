import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { TokenError } from "../../inventory/mod.ts";
import { refusal } from "../../kube/testing/fake_api.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { reachedCoders } from "./reached_coders.ts";

// Not a timeout: it would begin when the file is loaded, long before its tests run.
const { signal } = new AbortController();

function controlPlane(namespace: string, name: string, status: object = {}): CoderControlPlane {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: {},
    status: {
      url: `http://${name}.${namespace}.svc.cluster.local`,
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: `${name}-token`, key: "token" },
      ...status,
    },
  } as CoderControlPlane;
}

function rig(...objects: CoderControlPlane[]) {
  const clock = new FakeClock();
  const [connected, secrets]: [string[], string[]] = [[], []];
  const reads: string[] = [];
  const answers = { error: undefined as unknown };
  const coders = reachedCoders({
    controlPlanes: { list: () => objects },
    client: {
      get: (_type: unknown, { namespace, name }: { namespace: string; name: string }) => {
        reads.push(`${namespace}/${name}`);
        return answers.error === undefined
          ? Promise.resolve({ data: { token: btoa(`secret-of-${name}`) } })
          : Promise.reject(answers.error);
      },
    } as never,
    coder: {
      deployments: {
        client(key: string, { url }: { url: string }, token: string) {
          connected.push(`${key} ${url} ${token}`);
          return { address: url } as CoderClient;
        },
      },
      reach: { endpoints: new Map(), route: "direct", clusterDomain: "cluster.local" },
    } as never,
    redactor: {
      add(text: string) {
        secrets.push(text);
        return () => {};
      },
    },
    clock,
  });
  return { objects, coders, clock, connected, secrets, reads, answers };
}

Deno.test("control planes are listed in order, without those that give no access at all", () => {
  const disabled = {
    ...controlPlane("lab", "off"),
    spec: { operatorAccess: { disabled: true } },
  } as CoderControlPlane;
  const { coders } = rig(
    controlPlane("lab", "zoo"),
    controlPlane("lab", "with.dot"),
    disabled,
    controlPlane("a", "one"),
    controlPlane("lab", "acme", { operatorAccessReady: false }),
  );
  assert.deepEqual(coders.list().map(({ id, uid, waiting }) => [id, uid, waiting === undefined]), [
    ["a/one", "uid-one", true],
    ["lab/acme", "uid-acme", false],
    ["lab/zoo", "uid-zoo", true],
  ]);
  assert.deepEqual(coders.inNamespace("lab").map(({ id }) => id), ["lab/acme", "lab/zoo"]);
  const [one] = coders.list();
  assert.deepEqual([one?.namespace, one?.controlPlane, one?.copy.state("workspaces")], [
    "a",
    { namespace: "a", name: "one" },
    {},
  ]);
});

Deno.test("nothing is read before somebody asks, and then once for all who ask", async () => {
  const { coders, connected, secrets, reads } = rig(controlPlane("lab", "acme"));
  const [backend] = coders.list();
  assert.deepEqual(reads, []);
  const clients = await Promise.all([1, 2, 3].map(() => backend!.open(signal)));
  assert.equal(new Set(clients).size, 1);
  assert.deepEqual(reads, ["lab/acme-token"]);
  assert.deepEqual(secrets, ["secret-of-acme-token"]);
  assert.equal(connected.length, 1);
  assert.match(connected[0]!, /^lab\/acme http:\/\/acme\.lab\.svc/);
});

Deno.test("a token is read again after a minute, and at once where the control plane has another one", async () => {
  const { objects, coders, clock, reads } = rig(controlPlane("lab", "acme"));
  const open = () => coders.list()[0]!.open(signal);
  await open();
  await clock.advance(59_999);
  await open();
  assert.equal(reads.length, 1);
  await clock.advance(1);
  await open();
  assert.equal(reads.length, 2);
  objects[0] = controlPlane("lab", "acme", { operatorTokenName: "renewed" });
  await open();
  assert.equal(reads.length, 3);
});

Deno.test("why there is no token is told, and it is looked for again with the next call", async () => {
  const { coders, answers, reads } = rig(controlPlane("lab", "acme"));
  const open = () => coders.list()[0]!.open(signal);
  answers.error = refusal(404, "NotFound");
  await assert.rejects(open(), TokenError);
  answers.error = undefined;
  await open();
  assert.equal(reads.length, 2);
});

Deno.test("who gives no access yet is not asked", async () => {
  const { coders, reads } = rig(controlPlane("lab", "acme", { operatorAccessReady: false }));
  await assert.rejects(coders.list()[0]!.open(signal), /CoderControlPlane lab\/acme gives no access now/);
  assert.deepEqual(reads, []);
});
