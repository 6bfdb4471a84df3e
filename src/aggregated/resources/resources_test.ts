import assert from "node:assert/strict";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { connectionRefused, refusal } from "../../inventory/testing/model_coder.ts";
import { resourcesRig } from "./testing.ts";

const MINUTE = 60_000;

Deno.test("workspaces and templates of a Coder are shown in its namespace", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("team-a/coder");
  coder.add("dev");
  coder.addTemplate("docker");
  await rig.start();
  assert.deepEqual(rig.shown("team-a"), ["acme.alice.dev", "acme.docker"]);
  assert.deepEqual(rig.shown("team-b"), []);
  const [workspace] = rig.resources.workspaces.collection.list("team-a").items;
  assert.deepEqual(workspace?.metadata.labels, {
    "aggregation.coder.com/control-plane-name": "coder",
    "aggregation.coder.com/control-plane-namespace": "team-a",
  });
  assert.equal(workspace?.status.accessURL, "https://coder.example.com/@alice/dev");
});

Deno.test("lists over all namespaces have all deployments, by namespace and name", async () => {
  await using rig = resourcesRig();
  for (const id of ["b/coder", "a/coder"]) {
    const { coder } = rig.add(id);
    coder.add("one");
    coder.add("two");
  }
  await rig.start();
  const { items } = rig.resources.workspaces.collection.list();
  assert.deepEqual(items.map(({ metadata }) => `${metadata.namespace} ${metadata.name}`), [
    "a acme.alice.one",
    "a acme.alice.two",
    "b acme.alice.one",
    "b acme.alice.two",
  ]);
});

Deno.test("a second control plane prefixes the names of both, and watchers hear of it", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/one");
  coder.add("dev");
  await rig.start();
  const heard: string[] = [];
  rig.resources.workspaces.collection.watch({ namespace: "a", begin: "now" }, {
    change: ({ type, object }) => void heard.push(`${type} ${object.metadata.name}`),
    ended: () => {},
  });
  const second = rig.add("a/two");
  second.coder.add("dev");
  await rig.clock.advance(1_000);
  assert.deepEqual(rig.shown("a"), ["one.acme.alice.dev", "two.acme.alice.dev"]);
  assert.deepEqual(heard, [
    "DELETED acme.alice.dev",
    "ADDED one.acme.alice.dev",
    "ADDED two.acme.alice.dev",
  ]);
  rig.drop("a/two");
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
});

Deno.test("names that change places are never one object", async () => {
  await using rig = resourcesRig();
  const one = rig.add("a/one", { naming: "Plain" });
  const two = rig.add("a/two");
  const [first, other] = [one.coder.add("dev"), two.coder.add("dev")];
  await rig.start();
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev", "two.acme.alice.dev"]);
  one.backend.naming = "Auto";
  two.backend.naming = "Plain";
  rig.resources.changed();
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev", "one.acme.alice.dev"]);
  const uids = rig.resources.workspaces.collection.list("a").items.map(({ metadata }) => metadata.uid);
  assert.deepEqual(uids, [other.id, first.id]);
});

Deno.test("a control plane that is gone takes its objects with it, and what comes late is not shown", async () => {
  await using rig = resourcesRig();
  const { coder, backend } = rig.add("a/coder");
  coder.add("dev");
  coder.addTemplate("docker");
  await rig.start();
  rig.drop("a/coder");
  assert.deepEqual(rig.shown(), []);
  backend.copy.observeWorkspace(coder.add("late"));
  assert.deepEqual(rig.shown(), []);
});

Deno.test("a Coder that is down stays listed, with a warning, and its versions say so after a while", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  assert.deepEqual(rig.resources.warnings("workspaces", "a"), []);
  coder.failure = () => connectionRefused();
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
  const [warning = ""] = rig.resources.warnings("workspaces", "a");
  assert.match(
    warning,
    /^Coder of a\/coder cannot be reached: its workspaces are shown as of 2026-01-01T00:00:\d\dZ$/,
  );
  assert.deepEqual(rig.resources.warnings("workspaces", "b"), []);
  assert.equal(rig.resources.isBlind("workspaces"), false);
  await rig.clock.advance(2 * MINUTE);
  assert.equal(rig.resources.isBlind("workspaces"), true);
});

Deno.test("a Coder that was never reached shows nothing, and says so", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.failure = () => connectionRefused();
  await rig.start();
  assert.deepEqual(rig.shown(), []);
  assert.match(rig.resources.warnings("templates")[0] ?? "", /nothing is known of its templates yet/);
});

Deno.test("a Coder whose first list is not there yet is no empty one: readers are told", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  assert.deepEqual(rig.resources.warnings("workspaces", "a"), [
    "Coder of a/coder has not answered so far: nothing is known of its workspaces yet",
  ]);
  await rig.start();
  assert.deepEqual(rig.resources.warnings("workspaces", "a"), []);
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
});

Deno.test("a control plane that is not ready any more keeps what is known", async () => {
  await using rig = resourcesRig();
  const { coder, backend } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  backend.waiting = "CoderControlPlane a/coder gives the operator no access yet";
  rig.resources.changed();
  assert.deepEqual(rig.shown(), ["acme.alice.dev"]);
  assert.match(
    rig.resources.warnings("workspaces")[0] ?? "",
    /^Coder of a\/coder is not ready: its workspaces/,
  );
  assert.equal(rig.resources.isBlind("workspaces"), true);
});

Deno.test("a record without a usable name is left out, and hides nothing", async () => {
  const { logger: log, lines } = recordingLogger();
  await using rig = resourcesRig({ log });
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  coder.add("bad.name");
  coder.add("other", { owner_name: "" });
  coder.addTemplate("x", { organization_name: "" });
  await rig.start();
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
  assert.equal(lines.filter(({ message }) => message.includes("no name")).length, 3);
});

Deno.test("a workspace that is renamed in Coder is a deletion and a new one", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  const { id } = coder.add("dev");
  await rig.start();
  coder.change(id, { name: "prod" });
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.shown("a"), ["acme.alice.prod"]);
  coder.change(id, { name: "not_a_name" });
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.shown("a"), []);
});

Deno.test("a workspace that takes the name of one that is gone is another object", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  const first = coder.add("dev");
  await rig.start();
  const heard: string[] = [];
  rig.resources.workspaces.collection.watch({ begin: "now" }, {
    change: ({ type, object }) => void heard.push(`${type} ${object.metadata.uid}`),
    ended: () => {},
  });
  coder.workspaces.delete(first.id);
  const second = coder.add("dev");
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.shown("a"), ["acme.alice.dev"]);
  assert.deepEqual(heard, [`DELETED ${first.id}`, `ADDED ${second.id}`]);
});

Deno.test("a name that is left to another record is shown as that one, whatever was told of them meanwhile", async () => {
  for (const leaving of ["renamed", "gone"]) {
    for (const late of ["an old answer", "what is kept of it"]) {
      await using rig = resourcesRig();
      const { coder, backend: { copy } } = rig.add("a/coder");
      const first = coder.add("dev");
      await rig.start();
      const { collection } = rig.resources.workspaces;
      const uids = () => collection.list("a").items.map(({ metadata }) => metadata.uid);
      coder.workspaces.delete(first.id);
      const second = coder.add("dev");
      copy.observeWorkspace(second);
      assert.deepEqual(uids(), [second.id]);
      if (late === "an old answer") copy.observeWorkspace({ ...first, outdated: !first.outdated });
      else rig.resources.retell("a/coder", "workspaces", first.id);
      assert.deepEqual(rig.shown("a"), ["acme.alice.dev"], "one name, one object");
      if (leaving === "gone") copy.observeGone("workspaces", first.id);
      else copy.observeWorkspace({ ...first, name: "old" });
      assert.deepEqual(uids(), leaving === "gone" ? [second.id] : [second.id, first.id]);
      const key = { organization: "acme", owner: "alice", workspace: "dev" };
      const found = await copy.findWorkspace(key, new AbortController().signal);
      assert.equal(found.kind === "found" && found.record.id, second.id);
    }
  }
});

Deno.test("a template that takes the name of one that is renamed is shown", async () => {
  await using rig = resourcesRig();
  const { coder, backend: { copy } } = rig.add("a/coder");
  const first = coder.addTemplate("docker");
  await rig.start();
  const second = coder.addTemplate("docker");
  copy.observeTemplate(second);
  copy.observeTemplate({ ...first, description: "as it was before it was renamed" });
  copy.observeTemplate({ ...first, name: "old" });
  const { items } = rig.resources.templates.collection.list("a");
  assert.deepEqual(items.map(({ metadata: { name, uid } }) => [name, uid]), [
    ["acme.docker", second.id],
    ["acme.old", first.id],
  ]);
});

Deno.test("addresses that are learnt later are in all objects then", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  coder.addTemplate("docker");
  coder.failure = (request) => request === "other" ? connectionRefused() : undefined;
  await rig.start();
  const links = () =>
    [rig.resources.workspaces, rig.resources.templates].map(({ collection }) =>
      collection.list().items[0]?.status.accessURL
    );
  assert.deepEqual(links(), [undefined, undefined]);
  coder.failure = undefined;
  await rig.clock.advance(MINUTE + 5_000);
  assert.deepEqual(links(), [
    "https://coder.example.com/@alice/dev",
    "https://coder.example.com/templates/acme/docker",
  ]);
});

Deno.test("every complete list moves the version of what is listed on", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const before = rig.resources.workspaces.collection.list("a");
  await rig.clock.advance(MINUTE);
  const after = rig.resources.workspaces.collection.list("a");
  assert.ok(BigInt(after.resourceVersion) > BigInt(before.resourceVersion));
  assert.equal(after.items, before.items);
});

Deno.test("the warning says what a Coder does that cannot be asked", async () => {
  for (
    const [failure, words] of [
      [refusal("unauthorized", 401), "does not accept the operator's token"],
      [refusal("forbidden", 403), "does not allow the operator to look"],
      [refusal("notFound", 404), "cannot be reached"],
    ] as const
  ) {
    await using rig = resourcesRig();
    const { coder } = rig.add("a/coder");
    await rig.start();
    coder.failure = () => failure;
    await rig.clock.advance(40_000);
    const [warning = ""] = rig.resources.warnings("workspaces", "a");
    assert.ok(warning.startsWith(`Coder of a/coder ${words}: its workspaces are shown as of `), warning);
  }
});
