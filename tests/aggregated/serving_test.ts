import assert from "node:assert/strict";
import { Frames } from "../../src/aggregated/serving/testing/live_server.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { serveGadgets, type ServingRig } from "./serving_rig.ts";
import { type WatchProcess, watchThrough, watchWithKubectl } from "./watch_process.ts";

const RBAC = "rbac.authorization.k8s.io";

/** kubectl's output, line by line and column by column. */
async function table(cluster: Cluster, ...args: string[]): Promise<string[][]> {
  const { stdout } = await cluster.kubectl(args);
  return stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
}

Deno.test("kubectl and Kubernetes' own controllers work with the server as with kube-apiserver", async (t) => {
  // One of its own: where other tests' groups come and go, controllers are busy with that for minutes.
  await using cluster = await startCluster({ nodes: 1 });
  await using rig = await serveGadgets(cluster);
  const { namespace, resource, storage } = rig;
  const here = ["--namespace", namespace];
  storage.put(rig.make("a", { labels: { tier: "web" }, size: 3, phase: "Pending" }));
  storage.put(rig.make("b", { color: "blue", running: true }));
  storage.put(rig.make("c", { color: "green" }));

  await t.step("api-resources tells verbs, short names and categories", async () => {
    const { stdout } = await cluster.kubectl([
      "api-resources",
      "--api-group",
      rig.group,
      "-o",
      "wide",
      "--no-headers",
    ]);
    const cells = stdout.trim().split(/\s+/);
    assert.deepEqual(cells.slice(0, 5), ["gadgets", "gdt", `${rig.group}/v1alpha1`, "true", "Gadget"]);
    assert.equal(cells[6], "gadgetry");
    assert.deepEqual(cells[5]?.split(","), [
      "create",
      "delete",
      "deletecollection",
      "get",
      "list",
      "patch",
      "update",
      "watch",
    ]);
  });

  await t.step(
    "get shows our columns, more of them with -o wide, and everything by short name and category",
    async () => {
      const [head, first] = await table(cluster, "get", resource, ...here);
      assert.deepEqual(head, ["NAME", "COLOR", "RUNNING", "AGE"]);
      assert.deepEqual(first?.slice(0, 3), ["a", "red", "false"]);
      assert.deepEqual((await table(cluster, "get", `gdt.v1alpha1.${rig.group}`, ...here, "-o", "wide"))[0], [
        "NAME",
        "COLOR",
        "SIZE",
        "RUNNING",
        "AGE",
      ]);
      assert.equal((await table(cluster, "get", "gadgetry", ...here, "-o", "name")).length, 3);
      assert.deepEqual((await table(cluster, "get", resource, "--all-namespaces"))[0]?.[0], "NAMESPACE");
    },
  );

  await t.step("get selects, pages, and shows one object in every form", async () => {
    const names = async (...args: string[]) =>
      (await table(cluster, "get", resource, ...here, "-o", "name", ...args)).map(([line]) =>
        line?.split("/")[1] ?? ""
      );
    assert.deepEqual(await names("-l", "tier=web"), ["a"]);
    assert.deepEqual(await names("-l", "tier!=web"), ["b", "c"]);
    assert.deepEqual(await names("-l", "nosuch=label"), [""]);
    assert.deepEqual(await names("--field-selector", "spec.color=blue"), ["b"]);
    assert.deepEqual(await names("--chunk-size", "2"), ["a", "b", "c"]);
    assert.deepEqual(await names("--sort-by", "{.spec.color}"), ["b", "c", "a"]);
    const { stdout } = await cluster.kubectl(["get", resource, "a", ...here, "-o", "json"]);
    assert.deepEqual(
      JSON.parse(stdout),
      await cluster.request("GET", `${rig.root}/namespaces/${namespace}/gadgets/a`),
    );
    assert.match(
      (await cluster.kubectl(["get", resource, "a", ...here, "-o", "yaml"])).stdout,
      /^ {2}color: red$/m,
    );
    assert.match(
      (await cluster.kubectl(["describe", resource, "a", ...here])).stdout,
      /^Spec:\n {2}Color: +red\n {2}Size: +3$/m,
    );
  });

  await t.step("mistakes are told as kubectl tells them", async () => {
    const failure = async (...args: string[]) =>
      (await cluster.kubectl([...args, ...here], { allowFailure: true })).stderr;
    assert.match(
      await failure("get", resource, "none"),
      new RegExp(`^Error from server \\(NotFound\\): ${resource} "none" not found`),
    );
    assert.match(
      await failure("get", resource, "--field-selector", "spec.size=1"),
      /BadRequest.*field label not supported: "spec.size"; there are metadata\.name/,
    );
    assert.match(await failure("delete", resource, "a"), /Error from server \(MethodNotAllowed\)/);
  });

  await t.step("explain tells the fields with their descriptions", async () => {
    // The API server fetches documents of others about once a minute.
    await waitFor(async () => (await cluster.request("GET", "/openapi/v3")).paths[rig.root.slice(1)], {
      what: "the API server to know the OpenAPI document",
      timeoutMs: 150_000,
      intervalMs: 500,
    });
    const { stdout } = await cluster.kubectl(["explain", `${resource}.spec`]);
    assert.match(stdout, /KIND: +Gadget/);
    assert.match(stdout, /What the gadget should be\./);
    assert.match(
      stdout,
      /color\t<string> -required-\n {2}enum: red, green, blue\n {4}The color, such as red\./,
    );
    const recursive = (await cluster.kubectl(["explain", resource, "--recursive"])).stdout;
    for (
      const field of [
        /conditions\t<\[\]Condition>/,
        /lastTransitionTime\t<string> -required-/,
        /ownerReferences\t<\[\]OwnerReference>/,
      ]
    ) {
      assert.match(recursive, field);
    }
    const { definitions, paths } = await waitFor(async () => {
      const document = await cluster.request("GET", "/openapi/v2");
      return document.definitions[definitionName(rig)] === undefined ? undefined : document;
    }, { what: "version 2 to have the kind", timeoutMs: 150_000, intervalMs: 500 });
    assert.equal(definitions[definitionName(rig)].properties.spec.properties.size.format, "int64");
    assert.ok(paths[`${rig.root}/namespaces/{namespace}/gadgets`].get);
  });

  await t.step("client-side checks and dry runs know the kind", async () => {
    const object = { ...rig.make("z"), metadata: { name: "z", namespace } };
    const { stdout } = await cluster.kubectl(["apply", "--dry-run=client", "--validate=strict", "-f", "-"], {
      input: JSON.stringify(object),
    });
    assert.match(stdout, new RegExp(`gadget.${rig.group}/z created \\(dry run\\)`));
  });

  await t.step("get --watch shows changes as they come", async () => {
    await using watching: WatchProcess = watchWithKubectl(cluster, [resource, ...here]);
    await watching.until((lines) => lines.length === 4, "the state");
    storage.put(rig.make("d"));
    storage.put(rig.make("b", { color: "red" }));
    await watching.until((lines) => lines.length === 6, "the changes");
    assert.deepEqual(watching.lines.slice(4).map((line) => line.split(/ {2,}/).slice(0, 2)), [["d", "red"], [
      "b",
      "red",
    ]]);
    storage.remove({ namespace, name: "d" });
    await watching.until((lines) => lines.length === 7, "the deletion");
  });

  await t.step("wait waits for a condition, for deletion, and for what is not there yet", async () => {
    const watching = () => rig.asked.filter((entry) => entry === "watch admin").length;
    const before = watching();
    const waiting = [
      cluster.kubectl([
        "wait",
        `${resource}/a`,
        ...here,
        "--for=jsonpath={.status.phase}=Ready",
        "--timeout=150s",
      ]),
      cluster.kubectl(["wait", `${resource}/c`, ...here, "--for=delete", "--timeout=150s"]),
      cluster.kubectl(["wait", `${resource}/later`, ...here, "--for=create", "--timeout=150s"]),
    ];
    // What is not there yet is asked for again and again.
    await waitFor(() => watching() >= before + 2, { what: "two of them to watch" });
    storage.put(rig.make("a", { phase: "Ready" }));
    storage.remove({ namespace, name: "c" });
    storage.put(rig.make("later"));
    for (const { stdout } of await Promise.all(waiting)) assert.match(stdout, /condition met/);
  });

  await t.step("a watch through the API server has frames at once, bookmarks and transitions", async () => {
    const base = `${rig.root}/namespaces/${namespace}/gadgets?watch=1`;
    await using state = await watchThrough(
      cluster,
      `${base}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    assert.deepEqual((await new Frames(state.answer).told(4)).slice(0, 3), [
      "ADDED a",
      "ADDED b",
      "ADDED later",
    ]);
    await using red = await watchThrough(cluster, `${base}&fieldSelector=spec.color%3Dred`);
    const frames = new Frames(red.answer);
    await frames.told(3);
    storage.put(rig.make("b", { color: "blue" }));
    storage.put(rig.make("b", { color: "red" }));
    assert.deepEqual(await frames.told(2), ["DELETED b", "ADDED b"]);
  });

  await t.step("RBAC of the cluster decides, at the front and here", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "reader" });
    const get = () => cluster.kubectl(["get", resource, ...here], { kubeconfig, allowFailure: true });
    assert.match((await get()).stderr, /Forbidden.*cannot list resource "gadgets"/);
    await cluster.apply([
      {
        apiVersion: `${RBAC}/v1`,
        kind: "Role",
        metadata: { name: "reader", namespace },
        rules: [{ apiGroups: [rig.group], resources: ["gadgets"], verbs: ["get", "list", "watch"] }],
      },
      {
        apiVersion: `${RBAC}/v1`,
        kind: "RoleBinding",
        metadata: { name: "reader", namespace },
        roleRef: { apiGroup: RBAC, kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", name: "reader", namespace }],
      },
    ]);
    await waitFor(async () => (await get()).code === 0, { what: "the role to count" });
    assert.ok(rig.asked.includes(`list system:serviceaccount:${namespace}:reader`));
    const elsewhere = await cluster.kubectl(["get", resource, "--all-namespaces"], {
      kubeconfig,
      allowFailure: true,
    });
    assert.match(elsewhere.stderr, /Forbidden.*at the cluster scope/);
  });

  await t.step("the quota controller counts our objects", async () => {
    const count = `count/${resource}`;
    const path = `/api/v1/namespaces/${namespace}/resourcequotas/gadgets`;
    let limit = 10;
    const used = await waitFor(async () => {
      // The controller hears of new kinds twice a minute, and counts what it had not heard of when the quota changes.
      const hard = { [count]: String(limit++) };
      const metadata = { name: "gadgets", namespace };
      await cluster.apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
      return await waitFor(async () => (await cluster.request("GET", path)).status?.used?.[count], {
        what: "the quota to be counted",
        timeoutMs: 5_000,
      });
    }, { what: "the quota controller to know the kind", timeoutMs: 240_000 });
    assert.equal(used, "3");
  });

  await t.step("the garbage collector watches our objects, and goes on collecting others", async () => {
    await waitFor(
      () => rig.asked.some((entry) => entry.startsWith("watch system:") && !entry.includes(namespace)),
      {
        what: "the controllers to watch",
        timeoutMs: 240_000,
      },
    );
    const configMap = (name: string, ownerReferences: unknown[] = []) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, ownerReferences },
    });
    await cluster.apply(configMap("owner"));
    const base = `/api/v1/namespaces/${namespace}/configmaps`;
    const { metadata: { uid } } = await cluster.request("GET", `${base}/owner`);
    await cluster.apply(
      configMap("dependent", [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }]),
    );
    await cluster.request("DELETE", `${base}/owner`);
    await waitFor(async () => await cluster.find(`${base}/dependent`) === undefined, {
      what: "the dependent to be collected",
      timeoutMs: 120_000,
    });
  });

  await t.step("namespaces come and go", async () => {
    const names = await Promise.all([1, 2, 3].map(() => cluster.newNamespace("passing")));
    for (const name of names) await cluster.request("DELETE", `/api/v1/namespaces/${name}`);
    for (const name of names) {
      await waitFor(async () => await cluster.find(`/api/v1/namespaces/${name}`) === undefined, {
        what: `namespace ${name} to go`,
        timeoutMs: 180_000,
      });
      assert.ok(rig.asked.length > 0);
    }
  });

  await t.step("nothing went wrong on the way", () => {
    assert.deepEqual(rig.logLines.filter(({ level }) => level === "error"), []);
  });
});

function definitionName({ group }: ServingRig): string {
  return `${group.split(".").reverse().join(".")}.v1alpha1.Gadget`;
}
