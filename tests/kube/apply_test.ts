import assert from "node:assert/strict";
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import {
  Deployments,
  Ingresses,
  RoleBindings,
  Secrets,
  ServiceAccounts,
  Services,
} from "../../src/api/kubernetes/resources.ts";
import type { Deployment, RoleBinding } from "../../src/api/kubernetes/types.ts";
import { DuplicateKeyError } from "../../src/kube/apply/duplicate_keys.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { waitFor } from "../cluster/mod.ts";
import { type ApplyHarness, newOwner, withApplier } from "./apply_harness.ts";
import {
  fullDeployment,
  fullIngress,
  fullService,
  fullServiceAccount,
  secret,
  smallDeployment,
} from "./apply_samples.ts";

function containerOf(deployment: Deployment) {
  const container = deployment.spec?.template.spec?.containers[0];
  assert.ok(container !== undefined);
  return container;
}

function full({ namespace }: ApplyHarness): [ResourceType, KubeObject][] {
  return [
    [Deployments, fullDeployment(namespace)],
    [Services, fullService(namespace)],
    [Ingresses, fullIngress(namespace)],
    [ServiceAccounts, fullServiceAccount(namespace)],
    [Secrets, secret(namespace)],
  ];
}

Deno.test("objects are created with one request, owned by us and by nobody else", async () => {
  await withApplier(async (h) => {
    const { object, outcome } = await h.applier.apply(Deployments, smallDeployment(h.namespace), {
      owner: h.owner,
    });
    assert.equal(outcome, "created");
    assert.deepEqual(h.requests, [{ verb: "patch", resource: "deployments", name: "coder", patch: "apply" }]);
    assert.equal(object.metadata.ownerReferences?.[0]?.uid, h.owner.metadata.uid);
    const live = await h.live(Deployments, "coder");
    const managers = (live.metadata.managedFields ?? []).filter((entry) => entry.subresource === undefined);
    const ours = managers.filter((entry) => entry.manager === "coder-k8s");
    assert.deepEqual(ours.map((entry) => entry.operation), ["Apply"]);
  });
});

Deno.test("an object that was just written is in the cache at once", async () => {
  await withApplier(async (h) => {
    const { object } = await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    const key = { namespace: h.namespace, name: "coder" };
    const version = h.cache.informer(Services).get(key)?.metadata.resourceVersion;
    assert.equal(version, object.metadata.resourceVersion);
  });
});

Deno.test("fully featured objects are written once and never again", async () => {
  await withApplier(async (h) => {
    for (const [type, desired] of full(h)) await h.applier.apply(type, desired, { owner: h.owner });
    for (const [type, desired] of full(h)) await h.caughtUp(type, desired.metadata.name ?? "");
    h.clear();
    for (let pass = 0; pass < 3; pass++) {
      for (const [type, desired] of full(h)) {
        const { outcome } = await h.applier.apply(type, desired, { owner: h.owner });
        assert.equal(outcome, "unchanged", type.kind);
      }
    }
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("after a restart nothing is written; kinds cached as metadata are read once", async () => {
  await withApplier(async (h) => {
    for (const [type, desired] of full(h)) await h.applier.apply(type, desired, { owner: h.owner });
    for (const [type, desired] of full(h)) await h.caughtUp(type, desired.metadata.name ?? "");
    h.clear();
    const applier = h.restarted();
    for (let pass = 0; pass < 2; pass++) {
      for (const [type, desired] of full(h)) {
        assert.equal(
          (await applier.apply(type, desired, { owner: h.owner })).outcome,
          "unchanged",
          type.kind,
        );
      }
    }
    assert.deepEqual(h.requests, [{ verb: "get", resource: "secrets", name: "token" }]);
  });
});

Deno.test("the audit log shows no write for an object that is as it should be", async () => {
  await withApplier(async (h) => {
    const desired = fullDeployment(h.namespace);
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    await h.caughtUp(Deployments, "coder");
    const mark = await h.cluster.audit.mark();
    for (let pass = 0; pass < 5; pass++) await h.applier.apply(Deployments, desired, { owner: h.owner });
    const seen = await h.cluster.audit.since(mark);
    const applies = seen.entries.filter((entry) =>
      entry.namespace === h.namespace && entry.uri.includes("coder-k8s")
    );
    assert.deepEqual(applies, []);
  });
});

Deno.test("labels and annotations of others survive", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    await h.cluster.kubectl(["-n", h.namespace, "label", "service", "coder", "team=a"]);
    await h.cluster.kubectl(["-n", h.namespace, "annotate", "service", "coder", "lb.example.com/id=7"]);
    const changed = fullService(h.namespace);
    changed.metadata.labels = { ...changed.metadata.labels, added: "1" };
    const { object } = await h.applier.apply(Services, changed, { owner: h.owner });
    assert.equal(object.metadata.labels?.["team"], "a");
    assert.equal(object.metadata.labels?.["added"], "1");
    assert.equal(object.metadata.annotations?.["lb.example.com/id"], "7");
    assert.equal(object.metadata.annotations?.["example.com/a"], "b");
  });
});

Deno.test("kubectl rollout restart survives, also when the template changes later", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    await h.cluster.kubectl(["-n", h.namespace, "rollout", "restart", "deployment", "coder"]);
    await h.caughtUp(Deployments, "coder");
    assert.equal((await h.applier.apply(Deployments, desired, { owner: h.owner })).outcome, "unchanged");
    containerOf(desired).image = "example.com/coder:2";
    const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    const annotations = object.spec?.template.metadata?.annotations ?? {};
    assert.ok(annotations["kubectl.kubernetes.io/restartedAt"] !== undefined);
    assert.equal(containerOf(object).image, "example.com/coder:2");
  });
});

Deno.test("replicas that somebody scaled survive when they are left out from the start", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    delete desired.spec?.replicas;
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    await h.cluster.kubectl(["-n", h.namespace, "scale", "deployment", "coder", "--replicas=3"]);
    containerOf(desired).image = "example.com/coder:2";
    const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.equal(object.spec?.replicas, 3);
  });
});

Deno.test("replicas that we applied are given up without being reset, when they are released", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    assert.ok(desired.spec !== undefined);
    desired.spec.replicas = 4;
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    delete desired.spec.replicas;
    const options = { owner: h.owner, release: [["spec", "replicas"]] };
    const { object, outcome } = await h.applier.apply(Deployments, desired, options);
    assert.equal(outcome, "configured");
    assert.equal(
      object.spec?.replicas,
      4,
      "an autoscaler that had no reason to act yet finds what was there",
    );
    await h.cluster.kubectl(["-n", h.namespace, "scale", "deployment", "coder", "--replicas=2"]);
    await h.caughtUp(Deployments, "coder");
    h.clear();
    const again = await h.applier.apply(Deployments, desired, options);
    assert.deepEqual([again.outcome, again.object.spec?.replicas], ["unchanged", 2]);
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("replicas that are left out but not released fall back to the default: why release exists", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    assert.ok(desired.spec !== undefined);
    desired.spec.replicas = 4;
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    delete desired.spec.replicas;
    const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.equal(object.spec?.replicas, 1);
  });
});

Deno.test("a field of ours that was changed by hand is put back, fields of others stay", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    const patch = {
      spec: { template: { spec: { dnsPolicy: "None", dnsConfig: { nameservers: ["1.2.3.4"] } } } },
    };
    await h.cluster.kubectl(["-n", h.namespace, "patch", "deployment", "coder", "-p", JSON.stringify(patch)]);
    await h.cluster.kubectl([
      "-n",
      h.namespace,
      "set",
      "image",
      "deployment/coder",
      "coder=example.com/evil:1",
    ]);
    await h.caughtUp(Deployments, "coder");
    const { object, outcome } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.equal(outcome, "configured");
    assert.equal(containerOf(object).image, "example.com/coder:1");
    assert.equal(object.spec?.template.spec?.dnsPolicy, "None");
  });
});

Deno.test("environment variables that were put in another order by hand are put back in order", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    const order = ["A", "B", "C"];
    containerOf(desired).env = order.map((name) => ({ name, value: name }));
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    const path = "/spec/template/spec/containers/0/env";
    const value = ["C", "A", "B"].map((name) => ({ name, value: name }));
    const patch = JSON.stringify([{ op: "replace", path, value }]);
    await h.cluster.kubectl(["-n", h.namespace, "patch", "deployment", "coder", "--type=json", "-p", patch]);
    await h.caughtUp(Deployments, "coder");
    const { object } = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.deepEqual(containerOf(object).env?.map((variable) => variable.name), order);
    await h.caughtUp(Deployments, "coder");
    h.clear();
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("data of a Secret that was changed by hand is put back, although only its metadata is cached", async () => {
  await withApplier(async (h) => {
    const desired = secret(h.namespace);
    await h.applier.apply(Secrets, desired, { owner: h.owner });
    const patch = JSON.stringify({ data: { token: btoa("stolen") } });
    await h.cluster.kubectl(["-n", h.namespace, "patch", "secret", "token", "-p", patch]);
    await h.caughtUp(Secrets, "token");
    const { outcome } = await h.applier.apply(Secrets, desired, { owner: h.owner });
    assert.equal(outcome, "configured");
    assert.equal((await h.live(Secrets, "token")).data?.["token"], btoa("secret-1"));
  });
});

Deno.test("a field that is no longer wanted disappears", async () => {
  await withApplier(async (h) => {
    const desired = fullService(h.namespace);
    await h.applier.apply(Services, desired, { owner: h.owner });
    delete desired.metadata.annotations;
    desired.spec?.ports?.pop();
    const { object } = await h.applier.apply(Services, desired, { owner: h.owner });
    assert.equal(object.metadata.annotations?.["example.com/a"], undefined);
    assert.deepEqual(object.spec?.ports?.map((port) => port.name), ["http", "https"]);
  });
});

Deno.test("an object that was deleted by hand is made again, although the cache still shows it", async () => {
  await withApplier(async (h) => {
    const desired = fullService(h.namespace);
    const first = await h.applier.apply(Services, desired, { owner: h.owner });
    desired.metadata.labels = { ...desired.metadata.labels, changed: "1" };
    h.before(
      (request) => request.verb === "patch",
      () => h.client.delete(Services, { namespace: h.namespace, name: "coder" }),
    );
    const second = await h.applier.apply(Services, desired, { owner: h.owner });
    assert.equal(second.outcome, "created");
    assert.notEqual(second.object.metadata.uid, first.object.metadata.uid);
  });
});

Deno.test("two environment variables of one name are refused before anything is sent", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    containerOf(desired).env = [{ name: "A", value: "1" }, { name: "A", value: "2" }];
    await assert.rejects(h.applier.apply(Deployments, desired, { owner: h.owner }), DuplicateKeyError);
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("what the API server refuses is an error with its reason, after one look and without a loop", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    await h.applier.apply(Deployments, desired, { owner: h.owner });
    await h.caughtUp(Deployments, "coder");
    h.clear();
    containerOf(desired).name = "Not_A_Name";
    await assert.rejects(h.applier.apply(Deployments, desired, { owner: h.owner }), (error: unknown) => {
      assert.ok(error instanceof KubeApiError);
      assert.equal(error.code, 422);
      assert.match(error.message, /Not_A_Name/);
      return true;
    });
    assert.deepEqual(h.requests.map((request) => request.verb), ["patch", "get"]);
  });
});

Deno.test("an immutable field is an error, too, and leaves the object as it was", async () => {
  await withApplier(async (h) => {
    const desired = smallDeployment(h.namespace);
    const before = await h.applier.apply(Deployments, desired, { owner: h.owner });
    assert.ok(desired.spec?.template.metadata !== undefined);
    desired.spec.selector = { matchLabels: { other: "1" } };
    desired.spec.template.metadata.labels = { other: "1" };
    await assert.rejects(h.applier.apply(Deployments, desired, { owner: h.owner }), /immutable/);
    assert.equal((await h.live(Deployments, "coder")).metadata.generation, before.object.metadata.generation);
  });
});

Deno.test("what the server makes of our own apply is learned: a default nobody told us of causes no second write", async () => {
  await withApplier(async (h) => {
    // The API server adds the group of a user; a list of subjects is one value, in which nothing may be added by hand.
    const binding: RoleBinding = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { namespace: h.namespace, name: "coder" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
      subjects: [{ kind: "User", name: "jane" }],
    };
    const { object } = await h.applier.apply(RoleBindings, binding, { owner: h.owner });
    assert.equal(object.subjects?.[0]?.apiGroup, "rbac.authorization.k8s.io");
    await h.caughtUp(RoleBindings, "coder");
    h.clear();
    assert.equal((await h.applier.apply(RoleBindings, binding, { owner: h.owner })).outcome, "unchanged");
    assert.deepEqual(h.requests, []);
    const applier = h.restarted();
    for (let pass = 0; pass < 3; pass++) {
      assert.equal((await applier.apply(RoleBindings, binding, { owner: h.owner })).outcome, "unchanged");
    }
    assert.equal(h.requests.length, 1, "a new process asks once, and the server changes nothing");
    const subjects = [{ kind: "Group", name: "everybody", apiGroup: "rbac.authorization.k8s.io" }];
    await h.client.patch(RoleBindings, { namespace: h.namespace, name: "coder" }, {
      type: "merge",
      body: { subjects },
    });
    await h.caughtUp(RoleBindings, "coder");
    const { outcome } = await applier.apply(RoleBindings, binding, { owner: h.owner });
    assert.equal(outcome, "configured", "what somebody else put there is not taken for a default");
    assert.equal((await h.live(RoleBindings, "coder")).subjects?.[0]?.name, "jane");
  });
});

Deno.test("a child is deleted, at once also in the cache, and a second delete sends nothing", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    h.clear();
    const key = { namespace: h.namespace, name: "coder" };
    assert.equal(await h.applier.deleteOwned(Services, key, h.owner), true);
    assert.equal(h.cache.informer(Services).get(key), undefined);
    assert.equal(await h.applier.deleteOwned(Services, key, h.owner), false);
    assert.deepEqual(h.requests.map((request) => request.verb), ["delete"]);
    await waitFor(() => h.live(Services, "coder").then(() => false, () => true), {
      what: "the Service to be gone",
    });
  });
});

Deno.test("what another owns is not deleted, nor what came in the place of a child", async () => {
  await withApplier(async (h) => {
    const other = await newOwner(h.client, h.namespace, "other");
    const key = { namespace: h.namespace, name: "coder" };
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    h.clear();
    assert.equal(await h.applier.deleteOwned(Services, key, other), false);
    assert.deepEqual(h.requests, []);
    h.before((request) => request.verb === "delete", async () => {
      await h.client.delete(Services, key);
      await h.client.create(Services, fullService(h.namespace));
    });
    assert.equal(await h.applier.deleteOwned(Services, key, h.owner), false);
    assert.equal(
      (await h.live(Services, "coder")).metadata.ownerReferences,
      undefined,
      "the new one is still there",
    );
  });
});
