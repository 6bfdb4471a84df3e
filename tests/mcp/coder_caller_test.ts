import assert from "node:assert/strict";
import type { KubeObject } from "../../src/api/object.ts";
import { CoderWorkspaces } from "../../src/api/workspace.ts";
import { ActionError } from "../../src/actions/mod.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { waitFor } from "../cluster/mod.ts";
import { plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { NAMESPACE, type Person, startRealCoderRig } from "./real_coder_rig.ts";

const apiVersion = "aggregation.coder.com/v1alpha1";

async function setUp() {
  const coderd = await sharedCoderd();
  const template = await coderd.createTemplate({ files: plainTemplate() });
  const rig = await startRealCoderRig(coderd);
  return { rig, template };
}

const nameOf = ({ username }: Person, workspace: string) => `coder.${username}.${workspace}`;

function workspaceOf(name: string, templateName: string): KubeObject {
  const spec = { templateName, running: true };
  return {
    apiVersion,
    kind: CoderWorkspaces.kind,
    metadata: { namespace: NAMESPACE, name },
    spec,
  } as KubeObject;
}

const running = (is: boolean) => ({ type: "merge", body: { spec: { running: is } } }) as const;

Deno.test("on a real Coder, what a caller changes is begun by them, and what others change by the operator", async () => {
  const { rig, template } = await setUp();
  await using _ = rig;
  const ann = await rig.addUser();
  const name = nameOf(ann, uniqueName("ws"));
  const key = { namespace: NAMESPACE, name };
  const made = await rig.workspaces.create(workspaceOf(name, template.name), {}, rig.call(ann.username));
  await rig.rests(name, "running");
  await rig.workspaces.patch(key, running(false), {}, rig.call(ann.username));
  // It goes when she has not called for two minutes.
  const [token, ...more] = await rig.tokensOf(ann);
  assert.match(token!, /^coder-k8s-mcp-/);
  assert.deepEqual(more, []);
  await rig.rests(name, "stopped");
  await rig.otherWorkspaces.patch(key, running(true), {}, rig.call(ann.username));
  await rig.rests(name, "running");
  // A caller whom this Coder does not know.
  await rig.workspaces.patch(key, running(false), {}, rig.call("somebody-else"));
  await rig.rests(name, "stopped");
  assert.deepEqual(await rig.builds(made.metadata.uid ?? ""), [
    ["start", ann.username],
    ["stop", ann.username],
    ["start", rig.operator],
    ["stop", rig.operator],
  ]);
  await rig.workspaces.delete(key, {}, rig.call(ann.username));
  const deletion = await waitFor(async () => {
    const latest = (await rig.builds(made.metadata.uid ?? "")).at(-1);
    return latest?.[0] === "delete" ? latest : undefined;
  }, { what: "the deletion to have begun" });
  assert.deepEqual(deletion, ["delete", ann.username]);
  await rig.tokens.close();
  assert.deepEqual(await rig.tokensOf(ann), []);
});

Deno.test("on a real Coder, nobody changes by MCP what Coder does not let them change", async () => {
  const { rig, template } = await setUp();
  await using _ = rig;
  const [ann, bob] = [await rig.addUser(), await rig.addUser()];
  const name = nameOf(ann, uniqueName("ws"));
  const key = { namespace: NAMESPACE, name };
  const made = await rig.workspaces.create(workspaceOf(name, template.name), {}, rig.call(ann.username));
  await rig.rests(name, "running");
  // Kubernetes allows Bob everything here; a member of Coder has no rights to the workspaces of others.
  const refused = (call: Promise<unknown>) =>
    assert.rejects(call, (error) => error instanceof KubeApiError && error.code === 403);
  await refused(rig.workspaces.patch(key, running(false), {}, rig.call(bob.username)));
  await refused(rig.workspaces.delete(key, {}, rig.call(bob.username)));
  await refused(
    rig.workspaces.create(
      workspaceOf(nameOf(ann, uniqueName("ws")), template.name),
      {},
      rig.call(bob.username),
    ),
  );
  assert.deepEqual(await rig.builds(made.metadata.uid ?? ""), [["start", ann.username]]);
  // Neither does he get it done by asking while something else is being built, which would have to wait.
  await rig.workspaces.patch(key, running(false), {}, rig.call(ann.username));
  await refused(rig.workspaces.patch(key, running(true), {}, rig.call(bob.username)));
  await rig.workspaces.patch(key, running(true), {}, rig.call(ann.username));
  await waitFor(async () => (await rig.builds(made.metadata.uid ?? "")).length === 3, {
    what: "what Ann has asked for meanwhile to be begun",
    timeoutMs: 60_000,
  });
  await rig.rests(name, "running");
  // It is there for everybody else as it was.
  assert.equal((await rig.workspaces.get(key, rig.call(ann.username))).metadata.uid, made.metadata.uid);
});

Deno.test("on a real Coder, versions of templates are made by the caller, where Coder lets them", async () => {
  const { rig, template } = await setUp();
  await using _ = rig;
  const [admin, member] = [await rig.addUser(["template-admin"]), await rig.addUser()];
  const key = { namespace: NAMESPACE, name: `coder.${template.name}` };
  await waitFor(() => rig.resources.templates.collection.get(key) !== undefined, {
    what: "the template to be shown",
  });
  const files = (comment: string) =>
    ({
      type: "merge",
      body: { spec: { files: { ...plainTemplate(), "README.md": `# ${comment}\n` } } },
    }) as const;
  await assert.rejects(
    rig.templates.patch(key, files("by a member"), {}, rig.call(member.username)),
    (error) => error instanceof KubeApiError && error.code === 403,
  );
  await rig.templates.patch(key, files("by an administrator"), {}, rig.call(admin.username));
  await rig.bench.templates.idle();
  const now = await rig.client.templates.get(template.id);
  const version = await rig.coderd.request("GET", `/api/v2/templateversions/${now.active_version_id}`, {
    token: (await rig.coderd.firstUser()).token,
  });
  assert.equal(version.created_by.username, admin.username);
  assert.match(version.readme, /by an administrator/);
});

Deno.test("on a real Coder, a suspended user changes nothing, not even with the operator's access", async () => {
  const { rig, template } = await setUp();
  await using _ = rig;
  const ann = await rig.addUser();
  const { token } = await rig.coderd.firstUser();
  await rig.coderd.request("PUT", `/api/v2/users/${ann.id}/status/suspend`, { token });
  const error = await rig.tokens.open(
    { id: "team/acme", uid: "", open: () => Promise.resolve(rig.client) },
    { name: ann.username },
    AbortSignal.timeout(60_000),
  ).catch((error) => error);
  assert.ok(error instanceof ActionError && error.reason === "forbidden", String(error));
  const name = nameOf(ann, uniqueName("ws"));
  await assert.rejects(
    rig.workspaces.create(workspaceOf(name, template.name), {}, rig.call(ann.username)),
    (error) => error instanceof KubeApiError && error.code === 403 && /suspended/.test(error.message),
  );
  assert.equal(await rig.client.workspaces.find(ann.id, name.split(".")[2]!), undefined);
});

Deno.test("on a real Coder, a token is the person's own, lives for a quarter of an hour, and ends with its user's rights", async () => {
  const { rig } = await setUp();
  await using _ = rig;
  const ann = await rig.addUser();
  const backend = { id: "team/acme", uid: "", open: () => Promise.resolve(rig.client) };
  const signal = AbortSignal.timeout(300_000);
  const opened = await rig.tokens.open(backend, { name: ann.username }, signal);
  assert.ok(opened.is === "user");
  const me = await opened.client.users.me();
  assert.deepEqual([me.id, me.username], [ann.id, ann.username]);
  const [key] = await rig.client.tokens.list(ann.id);
  assert.deepEqual([key?.lifetime_seconds, key?.scopes], [900, ["coder:all"]]);
  // Of others they see nothing.
  await assert.rejects(opened.client.tokens.list(rig.operator));
  await rig.client.tokens.delete(ann.id, key!.id);
  await assert.rejects(opened.client.users.me());
  const again = await rig.tokens.open(backend, { name: ann.username }, signal);
  assert.ok(again.is === "user" && again.client !== opened.client);
  assert.equal((await again.client.users.me()).id, ann.id);
  // Who is suspended meanwhile does nothing any more, whatever they had.
  const { token } = await rig.coderd.firstUser();
  await rig.coderd.request("PUT", `/api/v2/users/${ann.id}/status/suspend`, { token });
  await assert.rejects(again.client.users.me());
  await assert.rejects(rig.tokens.open(backend, { name: ann.username }, signal), /is suspended/);
});
