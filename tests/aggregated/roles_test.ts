/** Roles as docs/aggregated-api.md tells administrators to use them. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { addWorkspace, startFakeCoder } from "../fake-coder/mod.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const LAB = ["--namespace", "lab"];

const WORKSPACES = `${API_ROOT}/namespaces/lab/coderworkspaces`;

Deno.test("the shipped roles do what is documented of them, through the API server", async (t) => {
  await using fake = await startFakeCoder();
  const { state } = fake;
  const { token, user } = state.addOwner();
  addWorkspace(state, state.addUser({ username: "alice", roles: [] }), "dev");
  const web = addWorkspace(state, user, "web");
  await using rig = await startAppRig({
    coders: { "lab/coder": { url: fake.url, token } },
    args: ["--coder-poll-interval=1s", "--coder-user-mapping=email"],
  });
  const { cluster } = rig;
  const admins = `${state.defaultOrganization.name}.admin.web`;
  const as = (name: string, ...args: string[]) =>
    cluster.kubectl([...args, ...LAB, `--as=${name}@example.com`], { allowFailure: true });
  const seen = async (name: string) =>
    (await as(name, "get", "cws", "-o", "name")).stdout.split("\n").filter((line) => line !== "").length;
  const bind = (name: string, role: string, who: string) =>
    cluster.kubectl([
      "create",
      "rolebinding",
      name,
      `--clusterrole=${role}`,
      `--user=${who}@example.com`,
      ...LAB,
    ]);

  await t.step("users see what their roles and their Coder user let them", async () => {
    await bind("alice", "view", "alice");
    await bind("bob", "view", "bob");
    await bind("carol", "admin", "carol");
    // Each role that others are gathered in gets its rules by itself.
    await waitFor(async () => {
      const all = await Promise.all(["alice", "bob", "carol"].map((name) => as(name, "get", "cws")));
      return all.every(({ code }) => code === 0) && await seen("carol") === 2;
    }, { what: "the roles to count", timeoutMs: 120_000 });
    assert.deepEqual([await seen("alice"), await seen("bob"), await seen("carol")], [1, 0, 2]);
    assert.match((await as("bob", "get", "cws")).stderr, /No resources found/);
    assert.match((await as("alice", "get", "cws", admins)).stderr, /NotFound/);
    assert.match((await as("dave", "get", "cws")).stderr, /Forbidden/);
    const asked = ["auth", "can-i", "all", "coderworkspaces.aggregation.coder.com", "--subresource=others"];
    assert.equal((await as("carol", ...asked)).stdout.trim(), "yes");
    assert.equal((await as("alice", ...asked)).stdout.trim(), "no");
  });

  await t.step(
    "the two roles together show the workspaces of all, and so does the optional file",
    async () => {
      await bind("dave", "coder-k8s-workspaces-view", "dave");
      await waitFor(async () => (await as("dave", "get", "cws")).code === 0, { what: "dave to read" });
      assert.equal(await seen("dave"), 0);
      await bind("dave-all", "coder-k8s-workspaces-of-others", "dave");
      await waitFor(async () => await seen("dave") === 2, { what: "dave to see all" });
      await cluster.kubectl(["apply", "-f", `${root}/deploy/components/see-all-workspaces/rbac.yaml`]);
      await waitFor(async () => await seen("bob") === 2, { what: "bob to see all" });
      assert.match((await as("eve", "get", "cws")).stderr, /Forbidden/);
      await cluster.kubectl(["delete", "-f", `${root}/deploy/components/see-all-workspaces/rbac.yaml`]);
    },
  );

  await t.step("the garbage collector sees what owners there are", async () => {
    // Where the controller manager is no administrator, this is the account that it looks as.
    const collector = "--as=system:serviceaccount:kube-system:generic-garbage-collector";
    const { stdout } = await cluster.kubectl(["get", "--raw", `${WORKSPACES}/${admins}`, collector]);
    assert.equal(JSON.parse(stdout).metadata.uid, web["id"]);
    await cluster.kubectl(["delete", "clusterrolebinding", "coder-k8s-workspaces-of-others"]);
    await waitFor(async () => {
      const options = { allowFailure: true };
      const { stderr } = await cluster.kubectl(
        ["get", "--raw", `${WORKSPACES}/${admins}`, collector],
        options,
      );
      return /NotFound/.test(stderr);
    }, { what: "it to see nothing without its binding" });
  });
});
