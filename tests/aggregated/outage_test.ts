/** What users see of Coders in trouble, and of control planes that come, go and change. */
import assert from "node:assert/strict";
import { Frames } from "../../src/aggregated/serving/testing/live_server.ts";
import { waitFor } from "../cluster/mod.ts";
import {
  addTemplate,
  addWorkspace,
  type FakeCoder,
  type FaultAction,
  htmlPage,
  refuse,
  startFakeCoder,
  tooManyRequests,
} from "../fake-coder/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";
import { ask, askDirectly } from "./asking.ts";
import { screen } from "./screen.ts";
import { watchThrough } from "./watch_process.ts";

interface Named {
  metadata: { name: string; namespace: string; uid: string };
}

/** A fake Coder with a template and these workspaces. */
async function coderWith(...workspaces: string[]) {
  const fake = await startFakeCoder();
  const { token, user } = fake.state.addOwner();
  addTemplate(fake.state, "docker");
  for (const name of workspaces) addWorkspace(fake.state, user, name);
  return { fake, user, coder: { url: fake.url, token } };
}

/** A Secret with a token, as the operator keeps it. */
const secretOf = (namespace: string, name: string, token: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name },
  stringData: { token },
});

Deno.test("a Coder in trouble, and control planes as they come and go, seen through the API server", async (t) => {
  const one = await coderWith("dev", "shared");
  const two = await coderWith("web", "shared");
  const far = await coderWith("away");
  const idle = await coderWith("later");
  const dotted = await coderWith("never");
  const all = [one, two, far, idle, dotted];
  const fakes = all.map(({ fake }) => fake);
  await using _fakes = {
    [Symbol.asyncDispose]: async () => {
      for (const fake of fakes) await fake[Symbol.asyncDispose]();
    },
  };
  await using rig = await startAppRig({
    coders: {
      "lab/one": one.coder,
      "lab/two": two.coder,
      "far/solo": far.coder,
      "idle/coder": idle.coder,
      "lab/dot.ted": dotted.coder,
    },
    present: ["lab/one", "far/solo"],
  });
  const { cluster } = rig;
  const lab = `${API_ROOT}/namespaces/lab/coderworkspaces`;
  const get = (name: string) => ask(cluster, `${lab}/${name}`);
  const namesOf = async (path: string) => {
    const { status, json } = await ask(cluster, path);
    assert.equal(status, 200);
    return json.items.map(({ metadata }: Named) => metadata.name) as string[];
  };
  const until = (what: string, isSo: () => Promise<boolean>) =>
    waitFor(isSo, { what, timeoutMs: 60_000, intervalMs: 100 });
  const untilNames = (path: string, names: readonly string[]) =>
    until(`${path} to have ${names}`, async () => `${await namesOf(path)}` === `${names}`);
  /** What a list warns of. */
  const warnings = async (path = lab) => (await ask(cluster, path)).warnings;
  const down =
    /^Coder of lab\/one (cannot be reached|does not accept the operator's token|does not allow the operator to look|asks to wait|answers in a way that cannot be understood): its workspaces are shown as of 20\d\d-\d\d-\d\dT[\d:]{8}Z$/;
  const untilDown = () => until("a warning", async () => (await warnings()).some((text) => down.test(text)));
  const untilUp = () => until("no warning", async () => (await warnings()).length === 0);
  const prefixed = [
    "one.coder.admin.dev",
    "one.coder.admin.shared",
    "two.coder.admin.shared",
    "two.coder.admin.web",
  ];

  await t.step("with one control plane names are plain, and both forms are read", async () => {
    assert.deepEqual(await namesOf(lab), ["coder.admin.dev", "coder.admin.shared"]);
    for (const name of ["coder.admin.dev", "one.coder.admin.dev"]) {
      const { status, json } = await get(name);
      assert.deepEqual([status, json.metadata.name], [200, name]);
    }
    assert.equal((await get("two.coder.admin.dev")).status, 404);
  });

  await t.step("with the second one names are prefixed, and watchers see the renaming", async () => {
    const { json: { metadata: { resourceVersion }, items } } = await ask(cluster, lab);
    await using watch = await watchThrough(cluster, `${lab}?watch=1&resourceVersion=${resourceVersion}`);
    const frames = new Frames(watch.answer);
    await rig.addControlPlane("lab/two");
    const told = await frames.told(6);
    assert.deepEqual(told.slice().sort(), [
      "ADDED one.coder.admin.dev",
      "ADDED one.coder.admin.shared",
      "ADDED two.coder.admin.shared",
      "ADDED two.coder.admin.web",
      "DELETED coder.admin.dev",
      "DELETED coder.admin.shared",
    ]);
    assert.deepEqual(await namesOf(lab), prefixed);
    const { json } = await get("one.coder.admin.dev");
    assert.equal(json.metadata.uid, items[0].metadata.uid);
  });

  await t.step("a plain name is read where it is the only one; otherwise the choices are told", async () => {
    const { status, json } = await get("coder.admin.web");
    assert.deepEqual([status, json.metadata.name], [200, "coder.admin.web"]);
    const refused = await get("coder.admin.shared");
    assert.deepEqual([refused.status, refused.json.reason], [400, "BadRequest"]);
    assert.match(refused.json.message, /name one of one\.coder\.admin\.shared, two\.coder\.admin\.shared$/);
    assert.match(
      await screen(cluster, { namespace: "lab" }).fails("get", "cws", "coder.admin.shared"),
      /^Error from server \(BadRequest\): several deployments of this namespace have one called "coder\.admin\.shared": name one of /,
    );
  });

  await t.step("names are pinned by the control plane's spec", async () => {
    await rig.changeControlPlane("lab/one", { spec: { aggregation: { naming: "Plain" } } });
    await untilNames(lab, ["coder.admin.dev", "coder.admin.shared", ...prefixed.slice(2)]);
    await rig.changeControlPlane("lab/one", { spec: { aggregation: { naming: "Auto" } } });
    await untilNames(lab, prefixed);
    await rig.changeControlPlane("far/solo", { spec: { aggregation: { naming: "Prefixed" } } });
    await untilNames(`${API_ROOT}/namespaces/far/coderworkspaces`, ["solo.coder.admin.away"]);
    await rig.changeControlPlane("far/solo", { spec: { aggregation: null } });
    await untilNames(`${API_ROOT}/namespaces/far/coderworkspaces`, ["coder.admin.away"]);
  });

  await t.step("a list over all namespaces has all of them, in order", async () => {
    const { json } = await ask(cluster, `${API_ROOT}/coderworkspaces`);
    assert.deepEqual(json.items.map(({ metadata }: Named) => `${metadata.namespace}/${metadata.name}`), [
      "far/coder.admin.away",
      ...prefixed.map((name) => `lab/${name}`),
    ]);
    const from = "aggregation.coder.com/control-plane-name%3Dtwo";
    assert.deepEqual(await namesOf(`${API_ROOT}/coderworkspaces?labelSelector=${from}`), prefixed.slice(2));
  });

  await t.step("a control plane with a dot in its name is left out, and logged", async () => {
    // Our own definition refuses such a name; the Go operator's did not.
    const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/codercontrolplanes.coder.com";
    const { spec: { versions } } = await cluster.request("GET", crd);
    const [version] = versions;
    const rules = version.schema.openAPIV3Schema["x-kubernetes-validations"];
    delete version.schema.openAPIV3Schema["x-kubernetes-validations"];
    await cluster.request("PATCH", crd, { spec: { versions } });
    await until("the definition to take the name", async () => {
      await rig.addControlPlane("lab/dot.ted");
      return true;
    });
    version.schema.openAPIV3Schema["x-kubernetes-validations"] = rules;
    await cluster.request("PATCH", crd, { spec: { versions } });
    const isLogged = () => rig.replica.process.lines.some((line) => line.includes("lab/dot.ted has a dot"));
    await until("a warning in the log", () => Promise.resolve(isLogged()));
    assert.deepEqual(await namesOf(lab), prefixed);
    assert.equal(dotted.fake.requests.length, 0);
    await rig.removeControlPlane("lab/dot.ted");
  });

  await t.step("nothing is read or called for a control plane that is not ready", async () => {
    const mark = await cluster.audit.mark();
    await rig.addControlPlane("idle/coder", { isReady: false });
    const path = `${API_ROOT}/namespaces/idle/coderworkspaces`;
    const waits = "Coder of idle/coder is not ready: nothing is known of its workspaces yet";
    await until("the warning", async () => (await warnings(path)).includes(waits));
    assert.equal((await ask(cluster, `${path}/coder.admin.later`)).status, 404);
    const secrets = {
      user: OPERATOR_USER,
      verb: ["get", "list", "watch"],
      resource: "secrets",
      namespace: "idle",
    };
    assert.deepEqual((await cluster.audit.since(mark)).requests(secrets), []);
    assert.equal(idle.fake.requests.length, 0);

    await rig.changeStatus("idle/coder", { operatorAccessReady: true });
    await untilNames(path, ["coder.admin.later"]);
    assert.deepEqual(await warnings(path), []);
    const reads = (await cluster.audit.since(mark)).requests(secrets);
    assert.deepEqual(reads.map(({ verb, name }) => `${verb} ${name}`), ["get coder-operator-token"]);

    // Not ready any more: what is known stays, and nothing is asked.
    await rig.changeStatus("idle/coder", { operatorAccessReady: false });
    await until(
      "the other warning",
      async () => /is not ready: .* as of/.test((await warnings(path))[0] ?? ""),
    );
    await settled(idle.fake);
    const asked = idle.fake.requests.length;
    const known = await ask(cluster, `${path}/coder.admin.later`);
    assert.deepEqual([known.status, known.warnings.length], [200, 1]);
    assert.equal((await ask(cluster, `${path}/coder.admin.none`)).status, 503);
    assert.deepEqual(await namesOf(path), ["coder.admin.later"]);
    assert.equal(idle.fake.requests.length, asked);
    await rig.removeControlPlane("idle/coder");
    await untilNames(path, []);
  });

  await t.step("a Coder that is down is not empty", async () => {
    await one.fake.stop();
    await untilDown();
    assert.deepEqual(await namesOf(lab), prefixed);
    assert.equal((await warnings(`${API_ROOT}/coderworkspaces`)).length, 1);
    assert.deepEqual(await warnings(`${API_ROOT}/namespaces/far/coderworkspaces`), []);

    const known = await get("one.coder.admin.dev");
    assert.equal(known.status, 200);
    assert.match(known.warnings[0] ?? "", down);
    assert.deepEqual((await get("two.coder.admin.web")).warnings, []);
    const unknown = await get("one.coder.admin.new-one");
    assert.deepEqual([unknown.status, unknown.json.reason], [503, "ServiceUnavailable"]);
    assert.match(unknown.headers["retry-after"] ?? "", /^[1-9]\d?$/);
    assert.equal(String(unknown.json.details.retryAfterSeconds), unknown.headers["retry-after"]);
    assert.equal(unknown.text.includes("127.0.0.1"), false);
    assert.equal((await get("two.coder.admin.new-one")).status, 404);

    const shown = await screen(cluster, { namespace: "lab" }).run("get", "cws", "-o", "name");
    assert.equal(shown.code, 0);
    assert.match(
      shown.stderr,
      /^Warning: Coder of lab\/one cannot be reached: its workspaces are shown as of /,
    );
  });

  await t.step("discovery, OpenAPI and health answer while it is down", async () => {
    for (
      const path of [
        "/apis",
        API_ROOT,
        `/openapi/v2`,
        `/openapi/v3${API_ROOT}`,
        "/version",
        "/readyz",
        "/livez",
      ]
    ) {
      const { status } = await ask(cluster, path);
      assert.equal(status, 200, path);
    }
    for (const path of ["/healthz", "/livez", "/readyz", "/version", API_ROOT, "/apis"]) {
      const { status } = await askDirectly(rig, path);
      assert.equal(status, 200, `${path} of our own port`);
    }
    assert.match(
      await rig.replica.process.metrics(),
      /^coder_k8s_inventory_up\{coder="lab\/one",kind="workspaces"\} 0$/m,
    );
    const { status, text } = await ask(
      cluster,
      `/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.${"aggregation.coder.com"}`,
    );
    assert.equal(status, 200);
    assert.match(text, /"type":"Available","status":"True"/);
  });

  await t.step("a Coder that is back is listed as ever, and what has changed is told", async () => {
    const { json: { metadata: { resourceVersion } } } = await ask(cluster, lab);
    await using watch = await watchThrough(cluster, `${lab}?watch=1&resourceVersion=${resourceVersion}`);
    addWorkspace(one.fake.state, one.user, "new");
    addWorkspace(one.fake.state, one.user, "new-one");
    await one.fake.start();
    assert.deepEqual((await new Frames(watch.answer).told(1)).slice(0, 1), ["ADDED one.coder.admin.new-one"]);
    await untilUp();
    assert.equal((await get("one.coder.admin.new-one")).status, 200);
    one.fake.state.workspaces.splice(2);
    await untilNames(lab, prefixed);
  });

  const trouble: [string, FaultAction][] = [
    ["500", { do: "answer", reply: refuse(500, "Internal error.") }],
    ["a page of an ingress", htmlPage(502, "Bad Gateway")],
    ["429", tooManyRequests(1)],
    ["no JSON", { do: "body", body: "<html>" }],
    ["JSON of another kind", { do: "body", body: '{"workspaces":"none","count":-1}' }],
    ["answers cut short", { do: "truncate" }],
    ["connections cut", { do: "dropRequest" }],
    ["403", { do: "answer", reply: refuse(403, "Forbidden.") }],
    ["401", { do: "answer", reply: refuse(401, "You are signed out or your session has expired.") }],
  ];
  for (const [what, action] of trouble) {
    await t.step(`a Coder that answers with ${what} takes nothing away`, async () => {
      const recover = one.fake.faults.add({ times: Infinity, action });
      await untilDown();
      assert.deepEqual(await namesOf(lab), prefixed);
      assert.equal((await get("one.coder.admin.dev")).status, 200);
      const unknown = await get("one.coder.admin.missing");
      assert.deepEqual([unknown.status, unknown.json.reason], [503, "ServiceUnavailable"]);
      assert.ok(Number(unknown.headers["retry-after"]) > 0);
      assert.equal(unknown.text.includes("127.0.0.1"), false);
      recover();
      await untilUp();
      assert.deepEqual(await namesOf(lab), prefixed);
    });
  }

  await t.step("a record that cannot be shown is left out, and hides nothing", async () => {
    const odd = ["no-organization", "a.dot", "no-build"].map((name) => {
      const workspace: Record<string, unknown> = addWorkspace(one.fake.state, one.user, name);
      if (name === "no-organization") workspace["organization_name"] = "";
      if (name === "no-build") workspace["latest_build"] = null;
      return workspace;
    });
    addWorkspace(one.fake.state, one.user, "sound");
    const shown = [...prefixed.slice(0, 2), "one.coder.admin.sound", ...prefixed.slice(2)];
    await untilNames(lab, shown);
    for (const { id, name } of odd) {
      const isLogged = () => rig.replica.process.lines.some((line) => line.includes(String(id)));
      await until(`${name} to be logged`, () => Promise.resolve(isLogged()));
    }
    one.fake.state.workspaces.splice(2);
    await untilNames(lab, prefixed);
  });

  await t.step(
    "a token that Coder revoked is read again from its Secret, and no caller is blamed",
    async () => {
      one.fake.state.keys.clear();
      await untilDown();
      assert.equal((await get("one.coder.admin.dev")).status, 200);
      // Where there is no Secret at all, it is still no missing object.
      await cluster.request("DELETE", "/api/v1/namespaces/lab/secrets/one-operator-token");
      const isLogged = () =>
        rig.replica.process.lines.some((line) => /one-operator-token.* does not exist/.test(line));
      await until("the log to tell of the Secret", () => Promise.resolve(isLogged()));
      const unknown = await get("one.coder.admin.missing");
      assert.deepEqual([unknown.status, unknown.json.reason], [503, "ServiceUnavailable"]);
      assert.equal(unknown.text.includes("Secret"), false);
      const token = one.fake.state.addToken(one.user);
      await cluster.apply(secretOf("lab", "one-operator-token", `${token}\n`));
      await untilUp();
      assert.equal(rig.replica.process.lines.join("\n").includes(token), false);
    },
  );

  await t.step("disabling takes everything of it away, and enabling brings it back", async () => {
    const { json: { metadata: { resourceVersion } } } = await ask(cluster, lab);
    await using watch = await watchThrough(cluster, `${lab}?watch=1&resourceVersion=${resourceVersion}`);
    const frames = new Frames(watch.answer);
    await rig.changeControlPlane("lab/two", { spec: { operatorAccess: { disabled: true } } });
    assert.deepEqual((await frames.told(6)).sort(), [
      "ADDED coder.admin.dev",
      "ADDED coder.admin.shared",
      "DELETED one.coder.admin.dev",
      "DELETED one.coder.admin.shared",
      "DELETED two.coder.admin.shared",
      "DELETED two.coder.admin.web",
    ]);
    assert.deepEqual(await namesOf(lab), ["coder.admin.dev", "coder.admin.shared"]);
    assert.equal((await get("two.coder.admin.web")).status, 404);
    await settled(two.fake);
    const asked = two.fake.requests.length;
    await rig.changeControlPlane("lab/two", { spec: { operatorAccess: { disabled: false } } });
    await untilNames(lab, prefixed);
    assert.ok(two.fake.requests.length > asked);
  });

  await t.step("the end of a control plane is the end of its objects", async () => {
    await rig.removeControlPlane("lab/two");
    await untilNames(lab, ["coder.admin.dev", "coder.admin.shared"]);
    assert.equal((await get("two.coder.admin.web")).status, 404);
    assert.deepEqual(await warnings(), []);
  });

  await t.step(
    "who starts while a Coder is down knows nothing of it, says so, and learns it later",
    async () => {
      await far.fake.stop();
      await rig.restart();
      const path = `${API_ROOT}/namespaces/far/coderworkspaces`;
      const { status, json, warnings: told } = await ask(cluster, path);
      assert.deepEqual([status, json.items], [200, []]);
      assert.deepEqual(told, ["Coder of far/solo cannot be reached: nothing is known of its workspaces yet"]);
      assert.equal((await ask(cluster, `${path}/coder.admin.away`)).status, 404);
      assert.deepEqual(await namesOf(lab), ["coder.admin.dev", "coder.admin.shared"]);
      await far.fake.start();
      await untilNames(path, ["coder.admin.away"]);
      assert.deepEqual(await warnings(path), []);
    },
  );

  await t.step("no Coder got anything but reads, and no log has a token", () => {
    for (const { fake, coder } of all) {
      fake.assertClean();
      assert.deepEqual(fake.requests.filter(({ method }) => method !== "GET"), []);
      assert.equal(rig.replica.process.lines.join("\n").includes(coder.token), false);
    }
  });
});

/** Waits until a Coder is asked for nothing more. */
async function settled(fake: FakeCoder): Promise<void> {
  let before = -1;
  await waitFor(() => {
    const now = fake.requests.length;
    const isSame = now === before;
    before = now;
    return isSame && fake.requests.every(({ outcome }) => outcome !== "pending");
  }, { what: "no more requests", intervalMs: 3_000 });
}
