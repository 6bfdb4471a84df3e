import assert from "node:assert/strict";
import type { ProvisionerDaemon, WorkspaceProxy } from "../coder/mod.ts";
import {
  changedNames,
  daemonPrints,
  jobPrints,
  keyPrints,
  organizationPrints,
  proxyPrints,
} from "./fingerprints.ts";

const NOW = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T00:01:00Z";

const key = (name: string, change: { id?: string; tags?: Record<string, string> } = {}) => ({
  id: name,
  name,
  organization: "o",
  tags: {},
  created_at: NOW,
  ...change,
});

const daemon = (change: Partial<ProvisionerDaemon> = {}): ProvisionerDaemon => ({
  id: "1",
  name: "pod",
  key_id: "k",
  key_name: "key",
  version: "v2.30.0",
  api_version: "1.14",
  provisioners: [],
  tags: {},
  status: "idle",
  last_seen_at: NOW,
  ...change,
});

const proxy = (change: Partial<WorkspaceProxy> = {}): WorkspaceProxy => ({
  id: "1",
  name: "paris",
  display_name: "Paris",
  icon_url: "",
  healthy: true,
  path_app_url: "",
  wildcard_hostname: "",
  derp_enabled: true,
  derp_only: false,
  version: "",
  deleted: false,
  created_at: NOW,
  updated_at: NOW,
  status: { status: "ok", report: { errors: [], warnings: [] }, checked_at: NOW },
  ...change,
});

Deno.test("names that come, go or change are told, others are not", () => {
  const before = keyPrints([key("same"), key("gone"), key("changed")]);
  const after = keyPrints([key("changed", { tags: { a: "b" } }), key("same"), key("new")]);
  assert.deepEqual([...changedNames(before, after)].sort(), ["changed", "gone", "new"]);
  assert.equal(changedNames(before, before).size, 0);
});

Deno.test("a key of the same name is another one by its id, and the same one whatever the order of its tags", () => {
  const one = keyPrints([key("a", { tags: { x: "1", y: "2" } })]);
  assert.equal(changedNames(one, keyPrints([key("a", { tags: { y: "2", x: "1" } })])).size, 0);
  assert.equal(changedNames(one, keyPrints([key("a", { id: "other", tags: { x: "1", y: "2" } })])).size, 1);
});

Deno.test("names that objects have of their own are names like others", () => {
  const before = keyPrints([key("constructor")]);
  assert.deepEqual([...changedNames(before, keyPrints([key("__proto__")]))].sort(), [
    "__proto__",
    "constructor",
  ]);
});

Deno.test("two daemons of one name count together, in whatever order they come", () => {
  const pair = [daemon(), daemon({ id: "2", status: "busy" })];
  const before = daemonPrints(pair);
  assert.equal(changedNames(before, daemonPrints(pair.toReversed())).size, 0);
  assert.deepEqual([...changedNames(before, daemonPrints([daemon()]))], ["pod"]);
});

Deno.test("when a daemon was last seen is no news, what it does is", () => {
  const before = daemonPrints([daemon()]);
  assert.equal(changedNames(before, daemonPrints([daemon({ last_seen_at: LATER })])).size, 0);
  assert.equal(changedNames(before, daemonPrints([daemon({ status: "busy" })])).size, 1);
  assert.equal(changedNames(before, daemonPrints([daemon({ key_id: "other" })])).size, 1);
});

Deno.test("when Coder looked at a proxy is no news, what it found is", () => {
  const before = proxyPrints([proxy()]);
  const looked = proxy({
    created_at: LATER,
    updated_at: LATER,
    status: { status: "ok", report: { errors: [], warnings: [] }, checked_at: LATER },
  });
  assert.equal(changedNames(before, proxyPrints([looked])).size, 0);
  const changes: Partial<WorkspaceProxy>[] = [
    { display_name: "Paris 2" },
    { version: "v2" },
    { status: null },
    { status: { status: "unhealthy", report: { errors: [], warnings: [] }, checked_at: NOW } },
    { status: { status: "ok", report: { errors: ["no"], warnings: [] }, checked_at: NOW } },
    { status: { status: "ok", report: { errors: [], warnings: ["slow"] }, checked_at: NOW } },
  ];
  for (const change of changes) {
    assert.deepEqual([...changedNames(before, proxyPrints([proxy(change)]))], ["paris"]);
  }
});

Deno.test("jobs are told by their ids, organizations by theirs", () => {
  const job = (status: string) => ({
    id: "j",
    organization_id: "o",
    status,
    tags: {},
    type: "workspace_build",
    worker_id: "",
    worker_name: "",
    created_at: NOW,
  });
  assert.deepEqual([...changedNames(jobPrints([job("pending")]), jobPrints([job("running")]))], ["j"]);
  const organization = (name: string) => ({
    id: "o",
    name,
    display_name: "",
    description: "",
    icon: "",
    is_default: false,
  });
  const [before, after] = [organization("a"), organization("b")].map((one) => organizationPrints([one]));
  assert.deepEqual([...changedNames(before!, after!)], ["o"]);
});
