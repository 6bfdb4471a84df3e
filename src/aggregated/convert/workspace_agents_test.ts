import assert from "node:assert/strict";
import type { WorkspaceApp } from "../../inventory/mod.ts";
import { agent, PLACE, uuid } from "./testing.ts";
import { agentStatus } from "./workspace_agents.ts";

const home = { owner: "alice", workspace: "dev", addresses: PLACE.addresses };

function app(changes: Partial<WorkspaceApp> = {}): WorkspaceApp {
  return {
    slug: "code",
    display_name: "",
    url: "http://localhost:13337",
    external: false,
    command: "",
    subdomain: false,
    subdomain_name: "",
    health: "",
    hidden: false,
    ...changes,
  };
}

const urlOf = (changes: Partial<WorkspaceApp>, addresses = PLACE.addresses) =>
  agentStatus(agent({ apps: [app(changes)] }), { ...home, addresses }).apps?.[0]?.url;

Deno.test("an agent is shown whole", () => {
  assert.deepEqual(agentStatus(agent({ parent_id: uuid(9), apps: [] }), home), {
    id: uuid(20),
    name: "main",
    status: "connected",
    lifecycleState: "ready",
    healthy: true,
    operatingSystem: "linux",
    architecture: "amd64",
    directory: "/home/coder",
    version: "v2.30.0",
    parentID: uuid(9),
    readyAt: "2026-05-01T10:00:20Z",
  });
});

Deno.test("an agent of which Coder says nothing is not called healthy", () => {
  assert.equal(agentStatus(agent({ health: null }), home).healthy, false);
});

Deno.test("an app of a path is at Coder's address, never at the one inside the workspace", () => {
  assert.equal(urlOf({}), "https://coder.example.com/@alice/dev.main/apps/code/");
});

Deno.test("an app with a host of its own is there", () => {
  const changes = { subdomain: true, subdomain_name: "code--main--dev--alice" };
  assert.equal(urlOf(changes), "https://code--main--dev--alice.apps.example.com/");
  assert.equal(
    urlOf(changes, { access: "http://coder:8080", apps: "*.coder:8080" }),
    "http://code--main--dev--alice.coder:8080/",
  );
  const noHosts = { ...PLACE.addresses, apps: "" };
  assert.equal(urlOf(changes, noHosts), "https://coder.example.com/@alice/dev.main/apps/code/");
});

Deno.test("a command opens in a terminal", () => {
  assert.equal(urlOf({ command: "htop" }), "https://coder.example.com/@alice/dev.main/terminal?app=code");
});

Deno.test("a link to elsewhere is as it is", () => {
  assert.equal(urlOf({ external: true, url: "https://docs.example.com" }), "https://docs.example.com");
});

Deno.test("where Coder's address is not known, only links to elsewhere have one", () => {
  const nowhere = { access: "", apps: "" };
  assert.equal(urlOf({}, nowhere), undefined);
  assert.equal(urlOf({ external: true, url: "https://a" }, nowhere), "https://a");
});

Deno.test("odd slugs do not leave their place in an address", () => {
  assert.equal(urlOf({ slug: "../x?y" }), "https://coder.example.com/@alice/dev.main/apps/..%2Fx%3Fy/");
});

Deno.test("of two apps with one slug the first is shown", () => {
  const apps = [app({ display_name: "A", hidden: true, health: "healthy" }), app({ display_name: "B" })];
  assert.deepEqual(agentStatus(agent({ apps }), home).apps, [{
    slug: "code",
    displayName: "A",
    url: "https://coder.example.com/@alice/dev.main/apps/code/",
    health: "healthy",
    hidden: true,
  }]);
});
