import assert from "node:assert/strict";
import { answerRedaction } from "../../mcp/answers/redacted.ts";
import type { McpAuditRecord } from "../../mcp/surface.ts";
import { testEndpoint } from "../../mcp/http/testing.ts";
import { WatchClient } from "../../ui/http/testing.ts";
import { LiveCluster, visitorOf, workspaceOf } from "../../ui/testing.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import type { SessionRecord } from "../../sessions/types.ts";
import { coordinatorUi } from "../sandbox/ui.ts";
import { pageConfig, productUi, type UiConfig } from "./ui.ts";

const CONFIG: UiConfig = { mcpUi: true, mcpUiOidcScopes: "openid", mcpMaxStreams: 100 };
const OPTIONS = {
  replica: "pod-1",
  redaction: answerRedaction(),
  metrics: noMetrics,
  log: silentLogger,
};
const record = (caller: string): McpAuditRecord =>
  ({ caller, caller_method: "token", method: "tools/call", tool: "echo", success: true }) as McpAuditRecord;
const sessions = {
  list: () => Promise.resolve([{ id: "mine", name: "mine", state: "ready" } as SessionRecord]),
  everybody: () =>
    Promise.resolve({
      sessions: ["mine", "theirs"].map((id) => ({ id, name: id, state: "ready" }) as SessionRecord),
      workers: [],
    }),
};

/** Callers are who their token says. */
async function serve(pages: ReturnType<typeof productUi>["pages"], live = new LiveCluster()) {
  const rig = await testEndpoint({
    pages,
    admit: ({ headers }) =>
      Promise.resolve({
        visitor: visitorOf((headers.get("authorization") ?? "").replace("Bearer ", ""), live.cluster),
      }),
  });
  return { rig, live, watch: (name: string) => WatchClient.open(`${rig.url}/ui/api/events`, name) };
}

Deno.test("the page is told what to sign in with", () => {
  const tokens = { token: "a token", oidc: "a token of the issuer" };
  assert.deepEqual(pageConfig(CONFIG, ["token"], tokens), { open: false, token: "a token" });
  assert.deepEqual(pageConfig(CONFIG, ["off"], tokens), { open: true, token: "" });
  assert.deepEqual(pageConfig(CONFIG, ["proxy"], tokens), { open: true, token: "" });
  assert.deepEqual(pageConfig(CONFIG, ["token", "x509"], tokens), { open: true, token: "a token" });
  const oidc = { ...CONFIG, mcpOidcIssuer: "https://id.example.com" };
  assert.deepEqual(pageConfig(oidc, ["token", "oidc"], tokens), {
    open: false,
    token: "a token, or a token of the issuer",
  });
  assert.deepEqual(pageConfig({ ...oidc, mcpUiOidcClientId: "ui" }, ["oidc"], tokens).oidc, {
    issuer: "https://id.example.com",
    clientId: "ui",
    scopes: "openid",
  });
});

Deno.test("where it is turned off there is no page, and records go where they went", () => {
  const seen: unknown[] = [];
  const config = { ...CONFIG, mcpUi: false };
  for (
    const ui of [
      productUi({ ...OPTIONS, config, auth: ["token"] }),
      coordinatorUi(sessions, { ...OPTIONS, config: { ...config, auth: ["token"], admins: [] } }),
    ]
  ) {
    assert.equal(ui.pages, undefined);
    ui.audit((one) => seen.push(one))(record("ann"));
  }
  assert.equal(seen.length, 2);
});

Deno.test("the product shows the cluster, sessions where there are any, and calls", async () => {
  const ui = productUi({ ...OPTIONS, config: CONFIG, auth: ["token"], sessions });
  const { rig, live, watch } = await serve(ui.pages);
  await using _ = rig;
  live.may = false;
  live.put(workspaceOf("a.ann.one"));
  const written: unknown[] = [];
  const audit = ui.audit((one) => written.push(one));
  audit(record("ann"));
  audit(record("bob"));
  const ann = await watch("ann");
  await ann.until(({ sections }) => sections.calls.isComplete && sections.sessions.isComplete, "all of it");
  assert.deepEqual(ann.shown.hello?.sections, [
    "controlplanes",
    "workspaces",
    "builds",
    "provisioners",
    "jobs",
    "sessions",
    "calls",
  ]);
  assert.equal(ann.shown.hello?.replica, "pod-1");
  assert.equal(ann.shown.sections.calls.rows.size, 1, "her own");
  assert.deepEqual([...ann.shown.sections.sessions.rows.keys()], ["mine"]);
  live.may = true;
  const root = await watch("root");
  await root.until(({ sections }) => sections.calls.rows.size === 2, "everybody's");
  await root.until(({ sections }) => sections.sessions.rows.size === 2, "everybody's");
  await ann.close();
  await root.close();
  assert.equal(written.length, 2);
  assert.equal(productUi({ ...OPTIONS, config: CONFIG, auth: ["token"] }).pages?.prefix, "/ui");
});

Deno.test("a coordinator shows everybody their own, and its administrators everything", async () => {
  const config = { ...CONFIG, auth: ["token" as const], admins: ["root"] };
  const ui = coordinatorUi(sessions, { ...OPTIONS, config });
  const { rig, watch } = await serve(ui.pages);
  await using _ = rig;
  ui.audit(() => {})(record("ann"));
  const [bob, root] = [await watch("bob"), await watch("root")];
  await bob.until(({ sections }) => sections.calls.isComplete && sections.sessions.isComplete, "his");
  await root.until(
    ({ sections }) => sections.workers.isComplete && sections.calls.rows.size === 1,
    "all of it",
  );
  assert.deepEqual(bob.shown.hello?.sections, ["sessions", "calls"]);
  assert.deepEqual([...bob.shown.sections.sessions.rows.keys()], ["mine"]);
  assert.equal(bob.shown.sections.calls.rows.size, 0);
  assert.deepEqual(root.shown.hello?.sections, ["workers", "sessions", "calls"]);
  assert.equal(root.shown.sections.sessions.rows.size, 2);
  await bob.close();
  await root.close();
});
