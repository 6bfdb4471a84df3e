/** Whose workspaces somebody sees, and who gets in at all: callers through the API server and at the port itself. */
import assert from "node:assert/strict";
import { Frames } from "../../src/aggregated/serving/testing/live_server.ts";
import {
  type Cluster,
  createAuthority,
  issueCertificate,
  type KeyPair,
  startCluster,
  waitFor,
} from "../cluster/mod.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { addLogLine, addTemplate, addWorkspace, beginBuild, startFakeCoder } from "../fake-coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { API_ROOT, type AppRig, GROUP, startAppRig } from "./app_rig.ts";
import { ask, askDirectly } from "./asking.ts";
import { screen } from "./screen.ts";
import { watchThrough } from "./watch_process.ts";

const RBAC = "rbac.authorization.k8s.io";
const WORKSPACES = `${API_ROOT}/namespaces/lab/coderworkspaces`;

/** What a role allows, to see that it counts. */
const DEEDS: Readonly<Record<string, { verb: string; resource: string }>> = {
  "coder-k8s-workspaces-view": { verb: "list", resource: "coderworkspaces" },
  "coder-k8s-workspaces-of-others": { verb: "all", resource: "coderworkspaces/others" },
};

interface Person {
  readonly credentials: KeyPair;
  readonly kubeconfig: string;
}

/** Somebody whom the cluster knows by a client certificate, with a role in `lab` and everywhere. */
async function person(cluster: Cluster, name: string, roles: readonly string[]): Promise<Person> {
  const credentials = await cluster.issueCertificate({ commonName: name, usage: ["client"] });
  const kubeconfig = `${cluster.dir}/kubeconfigs/person-${crypto.randomUUID().slice(0, 8)}.kubeconfig`;
  await Deno.mkdir(`${cluster.dir}/kubeconfigs`, { recursive: true });
  await Deno.writeTextFile(
    kubeconfig,
    kubeconfigText({ server: cluster.url, caPem: cluster.caPem, credentials, namespace: "lab" }),
  );
  await cluster.apply(roles.map((role) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: `${role}-${name.replace(/[^a-z]/g, "-")}` },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: RBAC, kind: "User", name }],
  })));
  await untilAllowed(cluster, name, roles.map((role) => ({ ...DEEDS[role]!, group: GROUP })));
  return { credentials, kubeconfig };
}

const namesIn = ({ json }: { json: { items: { metadata: { name: string } }[] } }) =>
  json.items.map(({ metadata }) => metadata.name);

/** Two users' workspaces, one of them being built, with logs. */
async function twoUsers() {
  const fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  addTemplate(fake.state, "docker");
  const [alice, bob] = ["alice", "bob"].map((username) => fake.state.addUser({ username, roles: [] }));
  const ofAlice = addWorkspace(fake.state, alice!, "dev");
  const ofBob = addWorkspace(fake.state, bob!, "dev");
  for (const workspace of [ofAlice, ofBob]) {
    addLogLine(fake.state, workspace.latest_build.id, "Planning", `of ${workspace.owner_name}`);
  }
  return { fake, token, ofAlice, ofBob };
}

for (
  const [mapping, aliceIs, bobIs] of [
    ["username", "alice", "bob"],
    ["email", "Alice@example.com", "bob@example.com"],
  ] as const
) {
  Deno.test(`with users mapped by ${mapping}, everybody sees their own, and who has the right sees all`, async (t) => {
    const { fake, token, ofAlice, ofBob } = await twoUsers();
    await using _fake = fake;
    await using cluster = await startCluster({ name: `identity-${mapping}`, nodes: 0 });
    await using rig = await startAppRig({
      cluster,
      coders: { "lab/coder": { url: fake.url, token } },
      args: ["--coder-poll-interval=1s", `--coder-user-mapping=${mapping}`],
    });
    const alice = await person(cluster, aliceIs, ["coder-k8s-workspaces-view"]);
    const bob = await person(cluster, bobIs, ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others"]);
    const ofAlices = (path: string, headers: Record<string, string> = {}) =>
      ask(cluster, path, { as: alice.credentials, headers });

    await t.step("in lists, tables, metadata and over all namespaces", async () => {
      await waitFor(async () => (await ofAlices(WORKSPACES)).status === 200, { what: "the roles to count" });
      for (const path of [WORKSPACES, `${API_ROOT}/coderworkspaces`, `${WORKSPACES}?limit=1`]) {
        const answer = await ofAlices(path);
        assert.deepEqual([namesIn(answer), answer.warnings], [["coder.alice.dev"], []], path);
        assert.equal(answer.text.includes("bob"), false);
        assert.equal(answer.json.metadata.remainingItemCount, undefined);
      }
      const table = await ofAlices(WORKSPACES, { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" });
      assert.deepEqual(table.json.rows.map(({ cells }: { cells: unknown[] }) => cells[0]), [
        "coder.alice.dev",
      ]);
      const metadata = await ofAlices(WORKSPACES, {
        accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
      });
      assert.deepEqual([metadata.json.kind, namesIn(metadata)], [
        "PartialObjectMetadataList",
        ["coder.alice.dev"],
      ]);
      assert.deepEqual(
        await screen(cluster, { namespace: "lab", kubeconfig: alice.kubeconfig }).names("get", "cws"),
        ["coder.alice.dev"],
      );
      assert.deepEqual(
        await screen(cluster, { namespace: "lab", kubeconfig: bob.kubeconfig }).names("get", "cws"),
        ["coder.alice.dev", "coder.bob.dev"],
      );
    });

    await t.step("in single reads, parts and logs: what is somebody else's is not there", async () => {
      for (const part of ["", "/status", "/log"]) {
        assert.equal((await ofAlices(`${WORKSPACES}/coder.alice.dev${part}`)).status, 200, part);
        const other = await ofAlices(`${WORKSPACES}/coder.bob.dev${part}`);
        const none = await ofAlices(`${WORKSPACES}/coder.bob.none${part}`);
        assert.deepEqual([other.status, none.status], [404, 404], part);
        // Nobody learns from the answer that it is there.
        assert.equal(other.json.message.replace("bob.dev", "bob.none"), none.json.message);
        const all = await ask(cluster, `${WORKSPACES}/coder.alice.dev${part}`, { as: bob.credentials });
        assert.equal(all.status, 200);
      }
      assert.match((await ofAlices(`${WORKSPACES}/coder.alice.dev/log`)).text, /of alice/);
      const selected = await ofAlices(`${WORKSPACES}?fieldSelector=status.ownerName%3Dbob`);
      assert.deepEqual(namesIn(selected), []);
    });

    await t.step("in watches, from the state on and from a version on", async () => {
      const { json: { metadata: { resourceVersion } } } = await ofAlices(WORKSPACES);
      const watch = (query: string, as: Person) =>
        watchThrough(cluster, `${WORKSPACES}?watch=1${query}`, as.credentials);
      await using state = await watch("", alice);
      await using later = await watch(`&resourceVersion=${resourceVersion}`, alice);
      await using all = await watch(`&resourceVersion=${resourceVersion}`, bob);
      beginBuild(fake.state, ofBob, "stop");
      assert.deepEqual(await new Frames(all.answer).told(1), ["MODIFIED coder.bob.dev"]);
      beginBuild(fake.state, ofAlice, "stop");
      assert.deepEqual(await new Frames(state.answer).told(2), [
        "ADDED coder.alice.dev",
        "MODIFIED coder.alice.dev",
      ]);
      assert.deepEqual(await new Frames(later.answer).told(1), ["MODIFIED coder.alice.dev"]);
    });

    await t.step("templates are everybody's", async () => {
      const { status, json } = await ofAlices(`${API_ROOT}/namespaces/lab/codertemplates`);
      assert.deepEqual([status, namesIn({ json })], [200, ["coder.docker"]]);
    });

    await t.step(
      "service accounts are nobody in Coder: they see all with the right, and nothing without",
      async () => {
        const sees = async (name: string, right: "all" | "own") => {
          const kubeconfig = await rig.reader({ namespace: "lab", name, sees: right });
          const { code, stdout, stderr } = await screen(cluster, { namespace: "lab", kubeconfig }).run(
            ...["get", "cws", "-o", "name"],
          );
          return { code, lines: stdout.split("\n").length - 1, stderr };
        };
        const all = await sees("with-the-right", "all");
        assert.deepEqual([all.code, all.lines, all.stderr], [0, 2, ""]);
        const none = await sees("without", "own");
        assert.deepEqual([none.code, none.lines], [0, 0]);
        assert.match(
          none.stderr,
          /^Warning: no workspaces are shown to you: "system:serviceaccount:lab:without" is no person; those of others need the verb all on coderworkspaces\/others$/m,
        );
      },
    );

    // Who has a right is a matter of names, not of how they are mapped.
    if (mapping === "username") {
      await rightsOfOthers(t, rig, alice, aliceIs);
      await directCallers(t, rig, alice);
    }
    fake.assertClean();
  });
}

/** A right that is given while the server runs. */
async function rightsOfOthers(
  t: Deno.TestContext,
  { cluster }: AppRig,
  { credentials }: Person,
  aliceIs: string,
): Promise<void> {
  const ofAlice = async (path: string) => namesIn(await ask(cluster, path, { as: credentials }));

  await t.step("the right counts soon after it was given", async () => {
    await cluster.apply({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace: "lab", name: "alice-sees-all" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "coder-k8s-workspaces-of-others" },
      subjects: [{ apiGroup: RBAC, kind: "User", name: aliceIs }],
    });
    await waitFor(async () => (await ofAlice(WORKSPACES)).length === 2, {
      what: "the right to count",
      timeoutMs: 60_000,
    });
    // In this namespace alone: over all of them, it is still their own.
    assert.deepEqual(await ofAlice(`${API_ROOT}/coderworkspaces`), ["coder.alice.dev"]);
  });
}

/** At the port itself, without the API server in front. */
async function directCallers(t: Deno.TestContext, rig: AppRig, alice: Person): Promise<void> {
  const { cluster } = rig;

  await t.step("who says nothing of themselves gets health and discovery, and no more", async () => {
    for (
      const path of [
        "/healthz",
        "/livez",
        "/readyz",
        "/version",
        "/apis",
        API_ROOT,
        "/openapi/v2",
        "/openapi/v3",
      ]
    ) {
      assert.equal((await askDirectly(rig, path)).status, 200, path);
    }
    for (
      const path of [WORKSPACES, `${WORKSPACES}/coder.alice.dev`, "/metrics", "/debug/pprof/", "/flagz", "/"]
    ) {
      const { status, json } = await askDirectly(rig, path);
      assert.deepEqual([status, json.reason], [401, "Unauthorized"], path);
    }
    assert.equal((await askDirectly(rig, "/debug/flags/v", { method: "PUT", body: "10" })).status, 401);
    assert.equal((await askDirectly(rig, "/metrics", { method: "DELETE" })).status, 401);
  });

  await t.step(
    "a token or a certificate of the cluster is enough, with the rights that its holder has",
    async () => {
      const token = await cluster.serviceAccountToken({ namespace: "lab", name: "with-the-right" });
      const { status, json } = await askDirectly(rig, WORKSPACES, { as: { token } });
      assert.deepEqual([status, json.items.length], [200, 2]);
      const own = await askDirectly(rig, `${API_ROOT}/coderworkspaces`, { as: alice.credentials });
      assert.deepEqual([own.status, own.json.items.length], [200, 1]);
      const other = await cluster.serviceAccountToken({ namespace: "lab", name: "no-roles" });
      assert.equal((await askDirectly(rig, WORKSPACES, { as: { token: other } })).status, 403);
      const junk = await askDirectly(rig, WORKSPACES, { as: { token: "junk" } });
      assert.deepEqual([junk.status, junk.json.reason], [401, "Unauthorized"]);
    },
  );

  await t.step("identity headers count from the front proxy alone", async () => {
    const headers = { "X-Remote-User": "admin", "X-Remote-Group": "system:masters" };
    assert.equal((await askDirectly(rig, WORKSPACES, { headers })).status, 401);
    // The cluster's own authority may sign any name: it is not that of the front proxy.
    const pretender = await cluster.issueCertificate({ commonName: "front-proxy-client", usage: ["client"] });
    const forged = await askDirectly(rig, WORKSPACES, { as: pretender, headers });
    assert.deepEqual([forged.status, forged.json.reason], [403, "Forbidden"]);
    assert.match(forged.json.message, /User "front-proxy-client" cannot list/);
    const stranger = await cluster.issueFrontProxyClient("somebody-else");
    assert.equal((await askDirectly(rig, WORKSPACES, { as: stranger, headers })).status, 401);

    const proxy = await cluster.issueFrontProxyClient("front-proxy-client");
    const admin = await askDirectly(rig, WORKSPACES, { as: proxy, headers });
    assert.deepEqual([admin.status, admin.json.items.length], [200, 2]);
    const asAlice = await askDirectly(rig, `${API_ROOT}/coderworkspaces`, {
      as: proxy,
      headers: { "X-Remote-User": "alice" },
    });
    assert.deepEqual([asAlice.status, asAlice.json.items.length], [200, 1]);
  });

  await t.step("a certificate that nobody signed whom the cluster trusts is refused", async () => {
    const authority = await createAuthority("somebody");
    const certificate = await issueCertificate(authority, {
      commonName: "admin",
      organizations: ["system:masters"],
      usage: ["client"],
    });
    for (const path of [WORKSPACES, "/metrics"]) {
      const { status, json } = await askDirectly(rig, path, { as: certificate });
      assert.deepEqual([status, json.reason], [401, "Unauthorized"]);
    }
  });

  await t.step("nobody becomes somebody else at the port itself", async () => {
    const headers = { "Impersonate-User": "admin", "Impersonate-Group": "system:masters" };
    const { status } = await askDirectly(rig, WORKSPACES, { as: alice.credentials, headers });
    assert.equal(status, 403);
    // Through the API server it works for who may.
    const asAlice = await ask(cluster, `${API_ROOT}/coderworkspaces`, {
      headers: { "Impersonate-User": "alice" },
    });
    assert.deepEqual([asAlice.status, asAlice.json.items.length], [200, 1]);
  });

  await t.step("figures are for those who may get /metrics", async () => {
    assert.equal((await askDirectly(rig, "/metrics", { as: alice.credentials })).status, 403);
    const admin = await cluster.issueCertificate({
      commonName: "admin",
      organizations: ["system:masters"],
      usage: ["client"],
    });
    const { status, text } = await askDirectly(rig, "/metrics", { as: admin });
    assert.equal(status, 200);
    assert.match(text, /^coder_k8s_inventory_up\{coder="lab\/coder",kind="workspaces"\} 1$/m);
  });
}
