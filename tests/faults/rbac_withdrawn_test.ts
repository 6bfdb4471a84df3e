/** The right to one kind is taken away while the operator runs, and given back. */
import assert from "node:assert/strict";
import { type PolicyRule, waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type Scene, startScene } from "./scene.ts";

const ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/manager-role";

/** Takes a resource out of the operator's rules; the result gives it back. */
async function withdraw(scene: Scene, resource: string): Promise<AsyncDisposable> {
  const { rules }: { rules: PolicyRule[] } = await scene.cluster.request("GET", ROLE);
  const left = rules.map((rule) => ({
    ...rule,
    resources: rule.resources?.filter((each) => each !== resource),
  })).filter(({ resources }) => resources?.length !== 0);
  assert.notDeepEqual(left, rules, `manager-role has a right to ${resource}`);
  await scene.cluster.request("PATCH", ROLE, { rules: left });
  // The authorizer learns of it a moment later.
  await waitFor(async () => {
    const resourceAttributes = { verb: "patch", resource, namespace: scene.namespace };
    const review = { spec: { user: OPERATOR_USER, resourceAttributes } };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    return !(await scene.cluster.request("POST", path, review)).status.allowed;
  }, { what: `the right to ${resource} to be gone` });
  return { [Symbol.asyncDispose]: () => scene.cluster.request("PATCH", ROLE, { rules }) };
}

Deno.test("a right that is withdrawn stops the part that needs it alone, is told, and comes back by itself", async () => {
  await using scene = await startScene("rights");
  await using operator = await scene.operator();
  await scene.create("a");
  await scene.create("b");
  await scene.settled("a");
  await scene.settled("b");
  using _meant = scene.cluster.audit.meansDenials("the right to Services is withdrawn", / services( |$)/);
  const mark = await scene.cluster.audit.mark();
  const started = performance.now();
  {
    await using _withdrawn = await withdraw(scene, "services");
    const image = "ghcr.io/coder/coder:v2.31.0";
    await scene.change("a", { spec: { image, service: { port: 8080 } } });
    await scene.change("b", { spec: { image } });
    await scene.create("c", { image });
    const services = { watch: true, resource: "services" };
    assert.equal(scene.faults.cutOpen(services), 1);

    for (const name of ["a", "c"]) {
      const { message } = await scene.condition(name, "Degraded", "True", "Forbidden");
      assert.match(message, /^Service: .*services.*forbidden/i);
      // A changed image first waits for what a visit knows of Coder.
      await waitFor(async () => {
        const { deployment } = await scene.children(name);
        return deployment?.spec?.template.spec?.containers[0]?.image === image;
      }, { what: `the Deployment of ${name} to go on` });
    }
    await scene.settled("b");
    const told = await waitFor(
      () =>
        operator.entries.find(({ level, msg }) =>
          level === "warn" && /^May not list and watch services/.test(msg)
        ),
      { what: "the log to say which right is missing" },
    );
    assert.match(told.msg, /apiGroups: \[""\], resources: \["services"\], verbs: \["get", "list", "watch"\]/);
    await waitFor(() => scene.faults.count({ ...services, when: ({ status }) => status === 403 }) >= 2, {
      what: "the operator to ask again whether it may watch",
    });
    assert.equal((await operator.readyz()).status, 200, "its caches still serve what is known");
  }
  for (const name of ["a", "b", "c"]) await scene.settled(name);
  await waitFor(() => scene.faults.countOpen({ watch: true, resource: "services" }) === 1, {
    what: "Services to be watched again",
  });
  const denied = (await scene.cluster.audit.since(mark)).denied(OPERATOR_USER);
  const seconds = (performance.now() - started) / 1000;
  assert.deepEqual([...new Set(denied.map(({ resource }) => resource))], ["services"]);
  // Two objects and one watch, each with pauses that double: some twenty tries in a minute.
  assert.ok(denied.length <= 60, `${denied.length} denied calls within ${seconds.toFixed(0)} s`);
});
