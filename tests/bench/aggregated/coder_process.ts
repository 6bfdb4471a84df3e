/**
 * A fake Coder in a process of its own, so that what it does is not the product's: `coder_process.ts WORKSPACES NAMESPACE
 * NAME`, of which the last two are those of its control plane. Says where it is as a line of JSON, and then does what each line of its input says; see {@linkcode Order}.
 */
import {
  addTemplate,
  addVersion,
  addWorkspace,
  beginBuild,
  endBuild,
  pickUpBuild,
  startFakeCoder,
} from "../../fake-coder/mod.ts";
import { bytesOf, newFile, writeTar } from "../../../src/archive/mod.ts";
import { isActive } from "../../fake-coder/life.ts";
import { addOperatorToken } from "../control_planes.ts";
import { largeFiles } from "./large_files.ts";
import { linesOf } from "./line_process.ts";

/** What can be asked for. Each is answered with one line of JSON: changes with {@linkcode Done}. */
export type Order =
  /** Changes so many workspaces, each time others. */
  | { readonly change: number }
  /** One step of a build of a workspace. */
  | { readonly build: number; readonly step: "begin" | "pickUp" | "end" }
  /** Ends the build of the workspace of this id, where it has one. */
  | { readonly end: string }
  /** A template of this name, of so many bytes of text in files of up to a hundred thousand. */
  | { readonly template: string; readonly bytes: number }
  /** From now on nothing is answered. */
  | { readonly hang: true }
  /** Requests since the last time that this was asked. */
  | { readonly count: true };

/** When it was done, in milliseconds since 1970, and to which workspaces. */
export interface Done {
  readonly at: number;
  readonly ids: readonly string[];
}

const OWNERS = 100;
const TEMPLATES = 10;

if (import.meta.main) {
  const [count = "303", namespace = "default", name = "coder"] = Deno.args;
  await run(Number(count), namespace, name);
}

async function run(count: number, namespace: string, name: string): Promise<void> {
  const fake = await startFakeCoder({ rateLimit: -1 });
  fake.state.addOwner();
  const token = addOperatorToken(fake.state, namespace, name);
  fake.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  fill(fake.state, count);
  say({ url: fake.url, token });
  const { workspaces } = fake.state;
  let changed = 0;
  let counted = 0;
  for await (const line of linesOf(Deno.stdin.readable)) {
    const order = JSON.parse(line) as Order;
    if ("change" in order) {
      const ids: unknown[] = [];
      for (let index = 0; index < order.change; index++) {
        const workspace = workspaces[changed++ * 37 % workspaces.length]!;
        workspace["ttl_ms"] = changed * 60_000;
        ids.push(workspace["id"]);
      }
      say({ at: Date.now(), ids });
    } else if ("build" in order) {
      const workspace = workspaces[order.build]!;
      if (order.step === "begin") beginBuild(fake.state, workspace, "start");
      else if (order.step === "pickUp") pickUpBuild(fake.state, workspace);
      else endBuild(fake.state, workspace);
      say({ at: Date.now(), ids: [workspace["id"]] });
    } else if ("end" in order) {
      const workspace = workspaces.find(({ id }) => id === order.end);
      if (workspace !== undefined && isActive(workspace["latest_build"] as Record<string, unknown>)) {
        endBuild(fake.state, workspace);
      }
      say({ at: Date.now(), ids: [order.end] });
    } else if ("hang" in order) {
      fake.faults.add({ times: Infinity, action: { do: "hang" } });
      say({ at: Date.now(), ids: [] });
    } else if ("template" in order) {
      const template = addTemplate(fake.state, order.template, { display_name: "Large" });
      const files = Object.entries(largeFiles(order.bytes)).map(([path, text]) => newFile(path, text));
      addVersion(fake.state, template, bytesOf(writeTar(files)));
      say({ at: Date.now(), ids: [template.id] });
    } else {
      const requests = fake.requests.slice(counted);
      counted = fake.requests.length;
      const routes = Map.groupBy(requests, ({ method, route, path }) => `${method} ${route ?? path}`);
      say({
        requests: requests.length,
        routes: Object.fromEntries([...routes].map(([route, { length }]) => [route, length])),
        violations: fake.violations,
      });
    }
  }
  await fake.stop();
}

function say(what: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
}

function fill(state: Parameters<typeof addWorkspace>[0], count: number): void {
  const templates = Array.from({ length: TEMPLATES }, (_, index) => addTemplate(state, `template-${index}`));
  const owners = Array.from(
    { length: OWNERS },
    (_, index) => state.addUser({ username: `user-${index}`, roles: [] }),
  );
  for (let index = 0; index < count; index++) {
    const { id, name } = templates[index % TEMPLATES]!;
    const workspace: Record<string, unknown> = addWorkspace(
      state,
      owners[index % OWNERS]!,
      `workspace-${Math.floor(index / OWNERS)}`,
      { template_id: id, template_name: name, ttl_ms: 28_800_000 },
    );
    workspace["latest_build"] = {
      ...workspace["latest_build"] as object,
      initiator_name: `user-${index % OWNERS}`,
      reason: "initiator",
      deadline: "2026-01-01T08:00:00Z",
      resources: [{ name: "main", type: "docker_container", agents: [agent()] }],
    };
  }
}

/** With about what a real one says. */
function agent(): Record<string, unknown> {
  return {
    id: crypto.randomUUID(),
    parent_id: null,
    name: "main",
    status: "connected",
    lifecycle_state: "ready",
    health: { healthy: true, reason: "" },
    operating_system: "linux",
    architecture: "amd64",
    expanded_directory: "/home/coder",
    version: "v2.30.0+43e67d1",
    first_connected_at: "2026-01-01T00:00:00Z",
    ready_at: "2026-01-01T00:00:10Z",
    latency: { Frankfurt: { preferred: true, latency_ms: 11.5 } },
    apps: [{ slug: "code", display_name: "VS Code", url: "http://localhost:13337", health: "healthy" }],
    environment_variables: { A: "b".repeat(200) },
    startup_script: "echo hello\n".repeat(20),
  };
}
