/** The page of the whole product in a real Chromium: a real Coder, a real API server, a token of Kubernetes. */
import assert from "node:assert/strict";
import { plainTemplate } from "../coder/mod.ts";
import { startProductRig } from "../mcp/product_rig.ts";
import { escape, goTo, PageRig, signIn, textsOf, until } from "./page_rig.ts";

const NAME = "coder.owner.seen";

Deno.test("people watch the whole product in a real browser", async (t) => {
  await using product = await startProductRig();
  const { cluster, rig } = product;
  await using browser = await PageRig.start();
  const ui = rig.replica.mcpUrl.replace(/\/mcp$/, "/ui/");
  const roles = ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others", "coder-k8s-resources-view"];
  const token = await product.tokenOf("watcher", roles);
  await cluster.apply(roles.map((role) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: `page-${role}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", namespace: "lab", name: "watcher" }],
  })));
  await cluster.apply({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: { namespace: "lab", name: "coder.plain" },
    spec: { files: plainTemplate() },
  });
  const run = (running: boolean) =>
    cluster.apply({
      apiVersion: "aggregation.coder.com/v1alpha1",
      kind: "CoderWorkspace",
      metadata: { namespace: "lab", name: NAME },
      spec: { organization: "coder", templateName: "plain", running },
    });
  await using open = await browser.open();
  const { page } = open;
  page.setDefaultTimeout(180_000);

  await t.step("who has signed in sees the control plane, and why it is as it is", async () => {
    await page.goto(ui);
    await signIn(page, token);
    await until(page, "#user", /system:serviceaccount:lab:watcher/);
    await goTo(page, "controlplanes");
    await until(page, "tbody", /lab\/coder/);
    await page.click("tbody .open");
    await page.waitForSelector(".diagnosis button");
    await page.click(".diagnosis button");
    await until(page, ".diagnosis", /Diagnose again (?!Looking)\w/);
    await escape(page);
  });

  await t.step(
    "a workspace is seen as it is made, built and stopped, and its build's log is read",
    async () => {
      await goTo(page, "builds");
      await run(true);
      await until(page, "tbody", /coder\.owner\.seen.*start.*running/);
      await page.click("tbody .actions button");
      await until(page, "#sheet-body", /The log has ended: \d+ lines/);
      assert.ok((await textsOf(page, ".log li")).length > 3);
      await escape(page);
      await goTo(page, "workspaces");
      await until(page, "tbody", /coder\.owner\.seen.*running.*owner.*plain/);
      await run(false);
      await until(page, "tbody", /coder\.owner\.seen.*stopped/);
    },
  );

  await t.step("nothing of the page was against its policy", async () => {
    assert.deepEqual(await open.faults(), []);
  });
});
