/** `coder-k8s install` on the real cluster: what it makes, what it leaves, what it refuses. */
import assert from "node:assert/strict";
import { InstallError } from "../../src/install/apply/error.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { available } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { playPods } from "../deploy/played/mod.ts";
import { API_SERVICE, DEPLOYMENTS, dyingAfter, outcomeOf, present, startInstallRig } from "./rig.ts";

Deno.test("the program installs, waits until it works, and then changes nothing", async () => {
  await using rig = await startInstallRig("install");
  const { cluster } = rig;
  const dry = await rig.run(["install", "--dry-run"]);
  assert.equal(dry.code, 0, dry.err);
  assert.match(dry.out, /clusterrole\.rbac\.authorization\.k8s\.io\/manager-role created \(dry run\)/);
  assert.deepEqual(await present(cluster), [], "a dry run leaves nothing");

  await using _played = await playPods(cluster);
  const done = await rig.run(["install", "--timeout=4m"]);
  assert.equal(done.code, 0, `${done.err}${done.out}`);
  assert.match(done.out, /apiservice\S* is available\n[^]*coder-k8s is up, in coder-system/);
  assert.ok(!done.out.includes("\x1b"), "no terminal, no control characters");
  await available(cluster);
  const { spec, metadata } = await cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`);
  assert.equal(spec.replicas, 2);
  assert.equal(metadata.labels["app.kubernetes.io/managed-by"], "coder-k8s");

  const again = await rig.run(["install", "--dry-run"]);
  // What the players of the test have changed themselves: where the APIService leads to.
  const changed = again.out.split("\n").filter((line) => / (created|configured) /.test(line));
  assert.deepEqual(changed.map((line) => line.split(" ")[0]), [
    "apiservice.apiregistration.k8s.io/v1alpha1.aggregation.coder.com",
  ]);
  assert.match(again.out, /took \.spec\.service\.port from played-pods/);
});

Deno.test("install is idempotent, changes shapes and prunes, keeps what people have set, and refuses what it may not do", async (test) => {
  await using rig = await startInstallRig("install-engine");
  const { cluster } = rig;

  await test.step("whatever the point at which it breaks off, the next one makes it whole", async () => {
    const random = seededRandom(7);
    const first = [1, 5, ...Array.from({ length: 3 }, () => 7 + Math.floor(random() * 22))];
    for (const writes of first) {
      await assert.rejects(
        rig.install([], { client: dyingAfter(rig.client, writes) }),
        /killed/,
        `${writes} writes`,
      );
    }
    await rig.install([]);
    const { result, lines } = await rig.install([]);
    assert.deepEqual([result.counts.created, result.counts.configured], [0, 0], lines.join("\n"));
    assert.ok(result.counts.unchanged > 20);
  });

  await test.step("another shape leaves nothing of the one before, also where it breaks off", async () => {
    const all = await present(cluster);
    for (const writes of [3, 30, 39]) {
      await rig.install(["split"], { client: dyingAfter(rig.client, writes) }).catch((error) =>
        assert.match(error.message, /killed/)
      );
    }
    const split = await rig.install(["split"]);
    assert.deepEqual(split.result.leftBehind, []);
    assert.ok((await present(cluster)).includes("deployment.apps/coder-k8s-mcp"));
    const kept = await rig.install(["all"], { mayPrune: () => Promise.resolve(false) });
    assert.ok(kept.result.leftBehind.some(({ metadata }) => metadata.name === "coder-k8s-mcp"));
    assert.ok((await present(cluster)).includes("deployment.apps/coder-k8s-mcp"), "nobody has agreed");
    const back = await rig.install(["all"]);
    assert.ok(
      back.lines.includes("deployment.apps/coder-k8s-mcp in coder-system pruned"),
      back.lines.join("\n"),
    );
    assert.deepEqual(await present(cluster), all);
  });

  await test.step("what somebody else has under a name of ours by now is not pruned", async () => {
    await rig.install(["coder-resources-view"]);
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/coder-k8s-resources-view";
    await cluster.request("PATCH", path, {
      metadata: { labels: { "app.kubernetes.io/managed-by": "somebody" } },
    });
    const { result, lines } = await rig.install([]);
    assert.deepEqual(result.leftBehind.map(({ metadata }) => metadata.name), ["coder-k8s-resources-view"]);
    assert.match(lines.join("\n"), /coder-k8s-resources-view is left: it is not labelled/);
    await cluster.request("DELETE", path);
  });

  await test.step("a number of replicas that somebody has set stays, and another field is taken, and both are told", async () => {
    const kubectl = (...args: string[]) => cluster.kubectl([...args, "-n", "coder-system"]);
    await kubectl("scale", "deployment/coder-k8s", "--replicas=5");
    await kubectl(
      "patch",
      "deployment",
      "coder-k8s",
      "--type=merge",
      "--field-manager=ann",
      "-p",
      '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}',
    );
    const { lines } = await rig.install([]);
    const text = lines.join("\n");
    assert.match(text, /took \.spec\.template\.spec\.terminationGracePeriodSeconds from ann/);
    assert.match(text, /left \.spec\.replicas as \S+ has set it/);
    const deployment = () => cluster.request("GET", `${DEPLOYMENTS}/coder-k8s`);
    assert.equal((await deployment()).spec.replicas, 5);
    assert.equal((await deployment()).spec.template.spec.terminationGracePeriodSeconds, 45);
    await rig.install([], { variant: { replicas: 2 }, setsReplicas: true });
    assert.equal((await deployment()).spec.replicas, 2);
  });

  await test.step("the network policy names where the API server calls from, or nothing is changed", async () => {
    await assert.rejects(
      rig.install(["network-policy"]),
      (error) => error instanceof InstallError && /--api-server-cidr/.test(error.message),
    );
    await cluster.apply({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "kubernetes",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "kubernetes" },
      },
      addressType: "IPv4",
      ports: [{ name: "https", port: 6443, protocol: "TCP" }],
      endpoints: [{ addresses: ["10.0.0.7"] }, { addresses: ["10.0.0.8"] }],
    });
    const { lines } = await rig.install(["network-policy"]);
    assert.match(lines[0]!, /10\.0\.0\.7\/32, 10\.0\.0\.8\/32, the endpoints of the API server/);
    const path = "/apis/networking.k8s.io/v1/namespaces/coder-system/networkpolicies/coder-k8s-apiserver";
    const { spec } = await cluster.request("GET", path);
    assert.deepEqual(spec.ingress[0].from.slice(0, 2), [
      { ipBlock: { cidr: "10.0.0.7/32" } },
      { ipBlock: { cidr: "10.0.0.8/32" } },
    ]);
    await rig.install(["network-policy"], { apiServerCidrs: ["10.9.0.0/28"] });
    assert.deepEqual((await cluster.request("GET", path)).spec.ingress[0].from[0], {
      ipBlock: { cidr: "10.9.0.0/28" },
    });
    await rig.install([]);
    assert.equal(await cluster.find(path), undefined, "without the component it is gone");
  });

  await test.step("kinds that the cluster does not know, and namespaces that are not there, are told before anything is changed", async () => {
    const before = await present(cluster);
    await assert.rejects(rig.install(["cert-manager", "namespaced"]), (error) => {
      assert.ok(error instanceof InstallError);
      assert.match(
        error.message,
        /the cluster knows no Certificate of cert-manager\.io\/v1; install what brings it first/,
      );
      assert.match(
        error.message,
        /there is no namespace coder; make it first: kubectl create namespace coder/,
      );
      return true;
    });
    assert.deepEqual(await present(cluster), before);
  });

  await test.step("a second installation in another namespace is refused", async () => {
    await assert.rejects(
      rig.install([], { variant: { namespace: "elsewhere" } }),
      /leads to the namespace coder-system: an installation is there already/,
    );
    assert.equal(await cluster.find("/api/v1/namespaces/elsewhere"), undefined);
  });

  await test.step("what Helm keeps is Helm's, until somebody says otherwise", async () => {
    const path = `${DEPLOYMENTS}/coder-k8s`;
    const annotations = { "meta.helm.sh/release-name": "ours", "meta.helm.sh/release-namespace": "x" };
    await cluster.request("PATCH", path, { metadata: { annotations } });
    await assert.rejects(rig.install([]), /kept by the Helm release x\/ours.*--take-ownership/s);
    await rig.install([], { takesOwnership: true });
    await cluster.request("PATCH", path, {
      metadata: { annotations: { "meta.helm.sh/release-name": null } },
    });
  });

  await test.step("who lacks rights hears which, by the program's words, and nothing is changed", async () => {
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "people" } });
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "people", name: "ann" });
    await cluster.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "ann-views" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "ann-views" },
      subjects: [{ kind: "ServiceAccount", name: "ann", namespace: "people" }],
    });
    const rule = { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] };
    await cluster.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "ann-views" },
      rules: [rule],
    });
    await cluster.rightsInForce("system:serviceaccount:people:ann", [rule]);
    const { code, err } = await rig.run(["install"], kubeconfig);
    assert.equal(code, 1);
    assert.match(err, /you lack rights that an installation needs, so nothing was changed:\n {2}create /);
    assert.match(err, /patch deployments\.apps in coder-system/);
    assert.match(err, /cluster-admin/);
  });

  await test.step("a dry run tells what would become of each object, in what is installed, too", async () => {
    const { lines } = await rig.install(["split"], { dryRun: true });
    assert.equal(outcomeOf(lines, "deployment.apps/coder-k8s in coder-system"), "configured (dry run)");
    assert.equal(outcomeOf(lines, "deployment.apps/coder-k8s-mcp in coder-system"), "created (dry run)");
    assert.equal(outcomeOf(lines, "namespace/coder-system"), "unchanged (dry run)");
    assert.ok(!(await present(cluster)).includes("deployment.apps/coder-k8s-mcp"));
  });

  await test.step("pods that do not start are told with why, when the time is over", async () => {
    const name = "refusing";
    await cluster.apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name, namespace: "coder-system" },
      spec: { hard: { pods: "0" } },
    });
    await waitFor(
      async () =>
        (await cluster.request("GET", `/api/v1/namespaces/coder-system/resourcequotas/${name}`)).status?.hard,
      { what: "the quota to count" },
    );
    const over = new AbortController();
    await assert.rejects(
      rig.install([], {
        wait: true,
        variant: { images: [{ from: "ghcr.io/coder/coder-k8s", to: "registry.example.com/coder-k8s:2" }] },
        signal: over.signal,
        waiting(text) {
          if (text?.includes("exceeded quota")) over.abort(new DOMException("late", "TimeoutError"));
        },
      }),
      /deployment\.apps\/coder-k8s in coder-system: \d of 2 pods are available.*exceeded quota.*time for it is over/s,
    );
  });
  await test.step("interrupted while it waits, the program ends at once, and says how to go on", async () => {
    await cluster.request("DELETE", "/api/v1/namespaces/coder-system/resourcequotas/refusing");
    const args = ["install", `--kubeconfig=${cluster.kubeconfig}`];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", new URL("../../main.ts", import.meta.url).pathname, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let err = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      // Nobody plays the pods: it waits for the APIService.
      const isNew = !err.includes("waiting for apiservice");
      err += text;
      if (isNew && err.includes("waiting for apiservice")) child.kill("SIGINT");
    }
    assert.equal((await child.status).code, 130, err);
    assert.match(err, /interrupted; run it again to go on: apiservice/);
  });
  await cluster.request("DELETE", API_SERVICE);
});
