/** Token and access reviews by a real API server. */
import assert from "node:assert/strict";
import {
  type Authorization,
  createAuthenticator,
  createAuthorizer,
  createTokenReviewer,
  createWorkspaceSight,
  type KubeUser,
} from "../../src/identity/mod.ts";
import { type Clock, systemClock } from "../../src/kube/clock.ts";
import type { RestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, serviceAccountUser, sharedCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { identityClient, type IdentityRights, withdraw } from "./rig.ts";

interface Reviews {
  cluster: Cluster;
  namespace: string;
  client: RestClient;
}

async function withReviews(run: (reviews: Reviews) => Promise<void>, rights?: IdentityRights): Promise<void> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("reviews");
  const client = await identityClient(cluster, namespace, rights);
  try {
    await run({ cluster, namespace, client });
  } finally {
    client.close();
    await withdraw(cluster, namespace);
  }
}

/** A token for certain audiences. */
async function tokenFor(
  cluster: Cluster,
  namespace: string,
  name: string,
  audiences: string[],
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await cluster.request("POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences, expirationSeconds: 600 },
  });
  return answer.status.token;
}

async function allow(cluster: Cluster, namespace: string, user: string, rules: object[]): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const metadata = { name: "allowed", namespace };
  await cluster.apply([
    { apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "Role", name: "allowed" },
      subjects: [{ apiGroup, kind: "User", name: user }],
    },
  ]);
}

/** Time passes where a test says so; waits are real ones. */
class StandingClock implements Clock {
  ms = 0;
  now = () => this.ms;
  wallTime = systemClock.wallTime;
  sleep = systemClock.sleep;
}

const noConfig = { config: { current: {}, hasSynced: true } };

Deno.test("a service account's token is that service account's", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const account = { namespace, name: "caller" };
    const token = await cluster.serviceAccountToken(account);
    const authenticate = createAuthenticator({ ...noConfig, reviewToken: createTokenReviewer({ client }) });
    const answer = await authenticate({ peer: undefined, rawHeaders: ["Authorization", `Bearer ${token}`] });
    assert.ok(answer.kind === "user");
    const { user, method } = answer;
    assert.deepEqual([method, user.name], ["token", serviceAccountUser(account)]);
    assert.deepEqual(
      new Set(user.groups),
      new Set([
        "system:serviceaccounts",
        `system:serviceaccounts:${namespace}`,
        "system:authenticated",
      ]),
    );
    const { metadata } = await cluster.request(
      "GET",
      `/api/v1/namespaces/${namespace}/serviceaccounts/caller`,
    );
    assert.equal(user.uid, metadata.uid);
    assert.ok(user.extra["authentication.kubernetes.io/credential-id"]);
  });
});

Deno.test("a changed, an invented and an orphaned token are refused with 401", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const token = await cluster.serviceAccountToken({ namespace, name: "caller" });
    const review = createTokenReviewer({ client, goodMs: 0, badMs: 0 });
    const authenticate = createAuthenticator({ ...noConfig, reviewToken: review });
    const ask = async (bearer: string) => {
      const answer = await authenticate({
        peer: undefined,
        rawHeaders: ["authorization", `Bearer ${bearer}`],
      });
      return answer.kind === "refused" ? answer.refusal.code : answer.kind;
    };
    const [head, body, signature] = token.split(".");
    const other = signature?.startsWith("A") ? "B" : "A";
    assert.equal(await ask(token), "user");
    assert.equal(await ask(`${head}.${body}.${other}${signature?.slice(1)}`), 401);
    assert.equal(await ask("invented"), 401);
    await cluster.request("DELETE", `/api/v1/namespaces/${namespace}/serviceaccounts/caller`);
    await waitFor(async () => await ask(token) === 401, {
      what: "the token of a deleted account to be refused",
    });
  });
});

Deno.test("a token counts for its audience alone", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    await cluster.serviceAccountToken({ namespace, name: "caller" });
    const [ours, plain] = await Promise.all([
      tokenFor(cluster, namespace, "caller", ["coder-k8s", "other"]),
      cluster.serviceAccountToken({ namespace, name: "caller" }),
    ]);
    const forUs = createTokenReviewer({ client, audiences: ["coder-k8s"] });
    const forApi = createTokenReviewer({ client });
    const name = serviceAccountUser({ namespace, name: "caller" });
    assert.equal((await forUs(ours))?.name, name);
    assert.equal(await forUs(plain), undefined);
    assert.equal((await forApi(plain))?.name, name);
    assert.equal(await forApi(ours), undefined);
  });
});

Deno.test("a token is reviewed once in ten seconds, however many requests carry it", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const token = await cluster.serviceAccountToken({ namespace, name: "caller" });
    const clock = new StandingClock();
    const review = createTokenReviewer({ client, clock });
    const user = serviceAccountUser({ namespace, name: "identity" });
    const mark = await cluster.audit.mark();
    await Promise.all(Array.from({ length: 50 }, () => review(token)));
    clock.ms += 9_900;
    for (let time = 0; time < 50; time++) await review(token);
    const within = await cluster.audit.since(mark);
    assert.equal(within.count({ user, resource: "tokenreviews" }), 1);
    clock.ms += 200;
    await review(token);
    const after = await cluster.audit.since(mark);
    assert.equal(after.count({ user, resource: "tokenreviews" }), 2);
  });
});

Deno.test("without the right to review, nobody is let in, and the answer says what to allow", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const token = await cluster.serviceAccountToken({ namespace, name: "caller" });
    const authenticate = createAuthenticator({ ...noConfig, reviewToken: createTokenReviewer({ client }) });
    const answer = await authenticate({ peer: undefined, rawHeaders: ["authorization", `Bearer ${token}`] });
    assert.ok(answer.kind === "refused");
    assert.equal(answer.refusal.code, 500);
    assert.match(answer.refusal.message, /create tokenreviews.authentication.k8s.io/);
    const jane: KubeUser = { name: "jane", groups: [], extra: {} };
    const access = await createAuthorizer({ client })(jane, { verb: "get", path: "/metrics" });
    assert.ok(!access.allowed && access.refusal.code === 500);
    assert.match(access.refusal.message, /create subjectaccessreviews.authorization.k8s.io/);
  }, { reviews: false });
});

Deno.test("roles decide about resources, sub-resources, names and paths", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const jane: KubeUser = { name: `jane-${namespace}`, groups: ["system:authenticated"], extra: {} };
    const group = "aggregation.coder.com";
    await allow(cluster, namespace, jane.name, [
      { apiGroups: [group], resources: ["coderworkspaces"], verbs: ["get", "list", "watch"] },
      { apiGroups: [group], resources: ["coderworkspaces/log"], verbs: ["get"] },
      { apiGroups: [group], resources: ["codertemplates"], verbs: ["get"], resourceNames: ["acme.one"] },
    ]);
    const authorize = createAuthorizer({ client, allowedMs: 0, deniedMs: 0 });
    const may = async (
      verb: string,
      resource: string,
      more: Record<string, string> = {},
      where = namespace,
    ) => {
      const request = { verb, group, version: "v1alpha1", resource, namespace: where, ...more };
      return (await authorize(jane, request)).allowed;
    };
    await waitFor(() => may("get", "coderworkspaces"), { what: "the role to count" });
    assert.equal(await may("get", "coderworkspaces", { name: "acme.jane.box" }), true);
    assert.equal(await may("delete", "coderworkspaces", { name: "acme.jane.box" }), false);
    assert.equal(await may("get", "coderworkspaces", { subresource: "log", name: "acme.jane.box" }), true);
    assert.equal(await may("get", "coderworkspaces", { subresource: "status" }), false);
    assert.equal(await may("get", "codertemplates", { name: "acme.one" }), true);
    assert.equal(await may("get", "codertemplates", { name: "acme.two" }), false);
    assert.equal(await may("list", "coderworkspaces", {}, "default"), false);
    const everywhere: Authorization = await authorize(jane, {
      verb: "list",
      group,
      resource: "coderworkspaces",
    });
    assert.ok(!everywhere.allowed && /in all namespaces/.test(everywhere.refusal.message));
    assert.equal((await authorize(jane, { verb: "get", path: "/metrics" })).allowed, false);
    const discovery = createAuthorizer({ client, publicPaths: [] });
    assert.equal(
      (await discovery(jane, { verb: "get", path: "/apis" })).allowed,
      true,
      "by system:discovery",
    );
  });
});

Deno.test("the verb `all` on coderworkspaces/others shows the workspaces of others, and `*` on workspaces does not", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const group = "aggregation.coder.com";
    const jane: KubeUser = { name: `oidc:jane-${namespace}`, groups: ["system:authenticated"], extra: {} };
    const authorize = createAuthorizer({ client, allowedMs: 0, deniedMs: 0 });
    const sight = createWorkspaceSight(authorize, { mapping: "username", prefix: "oidc:" });
    await allow(cluster, namespace, jane.name, [{
      apiGroups: [group],
      resources: ["coderworkspaces"],
      verbs: ["*"],
    }]);
    await waitFor(async () => {
      const request = { verb: "get", group, resource: "coderworkspaces", namespace };
      return (await authorize(jane, request)).allowed;
    }, { what: "the role to count" });
    assert.deepEqual(await sight(jane, namespace), {
      sees: "own",
      coderUser: { by: "username", value: `jane-${namespace}` },
    });
    await allow(cluster, namespace, jane.name, [
      { apiGroups: [group], resources: ["coderworkspaces/others"], verbs: ["all"] },
    ]);
    await waitFor(async () => (await sight(jane, namespace)).sees === "all", {
      what: "the right to see all",
    });
    assert.equal((await sight(jane, undefined)).sees, "own", "a Role is for one namespace");
    assert.equal((await sight({ ...jane, groups: ["system:masters"] }, undefined)).sees, "all");
  });
});

Deno.test("an access is reviewed once in ten seconds, and a change of roles is seen after that", async () => {
  await withReviews(async ({ cluster, namespace, client }) => {
    const jane: KubeUser = { name: `jane-${namespace}`, groups: [], extra: {} };
    const request = { verb: "get", group: "aggregation.coder.com", resource: "coderworkspaces", namespace };
    const clock = new StandingClock();
    const authorize = createAuthorizer({ client, clock });
    const user = serviceAccountUser({ namespace, name: "identity" });
    const mark = await cluster.audit.mark();
    const answers = await Promise.all(Array.from({ length: 50 }, () => authorize(jane, request)));
    assert.ok(answers.every(({ allowed }) => !allowed));
    const view = await cluster.audit.since(mark);
    assert.equal(view.count({ user, resource: "subjectaccessreviews" }), 1);
    await allow(cluster, namespace, jane.name, [
      { apiGroups: ["aggregation.coder.com"], resources: ["coderworkspaces"], verbs: ["get"] },
    ]);
    await untilAllowed(cluster, jane.name, [request]);
    clock.ms += 9_900;
    assert.equal((await authorize(jane, request)).allowed, false);
    clock.ms += 200;
    assert.equal((await authorize(jane, request)).allowed, true);
  });
});
