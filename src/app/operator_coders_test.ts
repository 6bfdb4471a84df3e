import assert from "node:assert/strict";
import type { AccessRequest } from "../kube/reviews.ts";
import { refusal } from "../kube/testing/fake_api.ts";
import { ToolError } from "../mcp/errors.ts";
import { operatorCoders } from "./operator_coders.ts";

const NEED: AccessRequest = { verb: "get", group: "aggregation.coder.com", resource: "coderworkspaces" };
const signal = new AbortController().signal;

const controlPlane = (name: string, status: object = {}) => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "lab", name, uid: `uid-${name}` },
  spec: {},
  status: {
    url: `http://${name}.lab.svc.cluster.local`,
    operatorAccessReady: true,
    operatorTokenSecretRef: { name: `${name}-token`, key: "token" },
    ...status,
  },
});

interface World {
  readonly planes?: readonly object[];
  readonly list?: Error;
  readonly secret?: unknown;
  readonly allowed?: boolean;
}

function rig({ planes = [controlPlane("coder")], list, secret, allowed = true }: World = {}) {
  const asked: unknown[] = [];
  const secrets: string[] = [];
  const coders = operatorCoders({
    cluster: {
      list: () => list === undefined ? Promise.resolve({ items: planes }) : Promise.reject(list),
      may(request: AccessRequest) {
        asked.push(request);
        return Promise.resolve({ allowed, reason: allowed ? "" : "no role" });
      },
    } as never,
    client: {
      get: () =>
        secret instanceof Error
          ? Promise.reject(secret)
          : Promise.resolve(secret ?? { data: { token: btoa("secret-token") } }),
    } as never,
    coder: {
      deployments: { client: (_key: string, { url }: { url: string }) => ({ address: url }) },
      reach: { endpoints: new Map(), route: "direct", clusterDomain: "cluster.local" },
    } as never,
    redactor: {
      add(text: string) {
        secrets.push(text);
        return () => {};
      },
    },
  });
  return { coders, asked, secrets };
}

async function refused(world: World, choice: object = { namespace: "lab" }): Promise<ToolError> {
  const error = await rig(world).coders.open(choice as never, NEED, signal).catch((error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
}

Deno.test("who may read the token gets the operator's access, and the token is kept secret", async () => {
  const { coders, asked, secrets } = rig();
  const { ref, as, client } = await coders.open({ namespace: "lab" }, NEED, signal);
  assert.deepEqual([ref.id, as, client.address], [
    "lab/coder",
    "operator",
    "http://coder.lab.svc.cluster.local:80",
  ]);
  assert.deepEqual(asked, [{ ...NEED, namespace: "lab" }]);
  assert.deepEqual(secrets, ["secret-token"]);
  assert.deepEqual(await coders.list("lab", signal), [{
    id: "lab/coder",
    namespace: "lab",
    controlPlane: "coder",
  }]);
});

Deno.test("who may not read the token, or not do what is asked for, is told how else", async () => {
  const forbidden = refusal(403, "Forbidden");
  for (const error of [await refused({ secret: forbidden }), await refused({ list: forbidden })]) {
    assert.equal(error.code, "forbidden");
    assert.match(error.message, /^Coder of namespace lab with the operator's access: /);
    assert.match(error.message, /; give --coder-url and CODER_SESSION_TOKEN to ask Coder as yourself$/);
  }
  const may = await refused({ allowed: false });
  assert.equal(may.code, "forbidden");
  assert.match(may.message, /Kubernetes does not let you do that: no role/);
  assert.equal((await refused({}, { namespace: "lab", as: "caller" })).code, "forbidden");
});

Deno.test("a Coder that cannot be asked, is not there, or is one of several is told as such", async () => {
  const waiting = await refused({ planes: [controlPlane("coder", { operatorAccessReady: false })] });
  assert.equal(waiting.code, "unavailable");
  assert.match(waiting.message, /the Coder of lab\/coder cannot be asked now/);
  assert.equal((await refused({ planes: [] })).code, "not_found");
  const several = await refused({ planes: [controlPlane("a"), controlPlane("b")] });
  assert.match(several.message, /several Coders: give controlPlane, one of a, b/);
  const empty = await refused({ secret: { data: {} } });
  assert.equal(empty.code, "unavailable");
  await assert.rejects(rig({ list: refusal(500, "InternalError") }).coders.list("lab", signal), {
    code: "unavailable",
  });
});

Deno.test("a caller who is gone ends it with their own reason", async () => {
  const gone = AbortSignal.abort(new Error("gone"));
  const { coders } = rig({ secret: new Error("late") });
  await assert.rejects(coders.open({ namespace: "lab" }, NEED, gone), /gone/);
});
