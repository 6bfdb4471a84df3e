import assert from "node:assert/strict";
import { Pods } from "../../api/kubernetes/resources.ts";
import type { Deployment, Pod } from "../../api/kubernetes/types.ts";
import type { WorkspaceProxySpecInput } from "../../api/workspace_proxy.ts";
import { make } from "../../reconciler/testing/fakes.ts";
import type { TokenView } from "../registration/mod.ts";
import { TOKEN_ANNOTATION } from "../results.ts";
import { workspaceProxy } from "../testing.ts";
import { isRolledOut, isUnused } from "./rolled_out.ts";
import { tokenHash } from "./token_secret.ts";

const HELD: TokenView = { state: "held", token: "t" };
const MANAGED: WorkspaceProxySpecInput = { controlPlaneRef: { name: "coder" } };

function deployment(
  { secret = "eu-proxy-token", mark = tokenHash("t"), updated = 1 }: {
    secret?: string;
    mark?: string | null;
    updated?: number;
  } = {},
): Deployment {
  const valueFrom = { secretKeyRef: { name: secret, key: "token" } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 2, ...(mark !== null && { annotations: { [TOKEN_ANNOTATION]: mark } }) },
    spec: {
      replicas: 1,
      selector: {},
      template: {
        spec: {
          containers: [{ name: "workspace-proxy", env: [{ name: "CODER_PROXY_SESSION_TOKEN", valueFrom }] }],
        },
      },
    },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: updated, availableReplicas: 1 },
  };
}

const rolled = (live: Deployment | undefined, spec = MANAGED, secret: TokenView = HELD) =>
  isRolledOut({ deployment: live, proxy: workspaceProxy(spec) }, secret);

Deno.test("all pods run with the very token that is in the Secret", () => {
  assert.equal(rolled(deployment()), true);
  assert.equal(rolled(undefined), true, "there are no pods");
  assert.equal(rolled(deployment({ updated: 0 })), false);
  assert.equal(rolled(deployment({ mark: tokenHash("another") })), false);
  assert.equal(rolled(deployment({ mark: null })), false);
  assert.equal(rolled(deployment({ secret: "before" })), false);
  assert.equal(rolled(deployment(), MANAGED, { state: "missing" }), false);
});

Deno.test("pods with a token of the user's count by its Secret", () => {
  const spec = { primaryAccessURL: "https://x", proxySessionTokenSecretRef: { name: "mine" } };
  assert.equal(rolled(deployment({ secret: "mine", mark: null }), spec), true);
  assert.equal(rolled(deployment({ secret: "mine" }), spec), false, "the pass has not been there yet");
  assert.equal(rolled(deployment({ mark: null }), spec), false);
  assert.equal(rolled(deployment({ mark: null }), { primaryAccessURL: "https://x" }), false);
});

Deno.test("pods that are ending count, too, and are asked for only where it matters", async () => {
  let asked: unknown;
  const unused = (live: Deployment | undefined, pods: Pod[]) => {
    asked = undefined;
    const list = (_type: unknown, options: unknown) => {
      asked = options;
      return Promise.resolve({ items: pods, resourceVersion: "1" });
    };
    const visit = { deployment: live, proxy: workspaceProxy(MANAGED), signal: new AbortController().signal };
    return isUnused(visit, HELD, { list } as never);
  };
  const pod = make(Pods, "p") as Pod;
  const ending = make(Pods, "e", { deletionTimestamp: "2026-01-01T00:00:00Z" }) as Pod;
  assert.equal(await unused(deployment(), [pod]), true);
  const { namespace, labelSelector } = asked as { namespace: string; labelSelector: string };
  assert.equal(namespace, "a");
  assert.match(labelSelector, /app.kubernetes.io\/instance=eu/);
  assert.equal(await unused(deployment(), [pod, ending]), false);
  assert.equal(await unused(undefined, [pod]), false, "pods of a Deployment that has just gone");
  assert.equal(await unused(undefined, []), true);
  assert.equal(await unused(deployment({ updated: 0 }), []), false);
  assert.equal(asked, undefined);
});
