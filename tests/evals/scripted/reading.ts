/** Reading: one call where one call is enough. */
import type { Script, Talk } from "./talk.ts";

interface Named {
  readonly name: string;
}

const last = (name: string) => name.split(".").at(-1) ?? "";
const names = (items: readonly Named[]) => items.map(({ name }) => last(name)).join(", ");

const workspaceOf = async (talk: Talk, owner: string, name: string) =>
  (await talk.ask("get_workspace", { name: `coder.${owner}.${name}` })).output.workspace;

/** By the id of the task. */
export const READING: Readonly<Record<string, Script>> = {
  async "running-of-ann"(talk) {
    const { output } = await talk.ask("list_workspaces", { owner: "ann", state: "running" });
    return `Running: ${names(output.items)}`;
  },

  async "out-of-date"(talk) {
    const { output } = await talk.ask("list_workspaces", { template: "docker", outdated: true });
    const owners = output.items.map(({ name }: Named) => name.split(".")[1]);
    return `Out of date: ${owners.join(", ")}`;
  },

  async "build-errors"(talk) {
    const { output } = await talk.ask("get_workspace_build_log", {
      name: "coder.bob.api",
      grep: "error",
      tailLines: 10,
    });
    return `The last errors: ${output.log}`;
  },

  async schedule(talk) {
    const { autostart, ttlMinutes } = await workspaceOf(talk, "ann", "dev");
    return `It starts by ${autostart}, and stops after ${ttlMinutes} minutes (${ttlMinutes / 60} h).`;
  },

  async "last-build"(talk) {
    return `The latest build: ${(await workspaceOf(talk, "ann", "dev")).build}`;
  },

  async "template-changed"(talk) {
    const { text } = await talk.ask("diff_template_versions", { name: "coder.docker" });
    return text;
  },

  async "who-made-it"(talk) {
    const { output } = await talk.ask("list_template_versions", { name: "coder.docker", limit: 2 });
    const [newest] = output.items;
    return `${newest.by} made ${newest.name}; it is ${newest.active === true ? "" : "not "}the one in use.`;
  },

  async "import-failed"(talk) {
    const { output } = await talk.ask("get_template_version_log", { name: "coder.docker", tailLines: 5 });
    return `Its log ends so: ${output.log}`;
  },

  async "what-image"(talk) {
    const text = await talk.read(`coder://templates/${talk.namespace}/coder.docker/files/main.tf`);
    return `It runs ${/default = "([^"]+)"/.exec(text)?.[1]}.`;
  },

  async "is-coder-up"(talk) {
    const { output } = await talk.ask("check_health");
    const own = output.coders.find(({ controlPlane }: { controlPlane: string }) =>
      controlPlane === `${talk.namespace}/coder`
    );
    return `It is ${own.state}, version ${own.version}.`;
  },

  async daemons(talk) {
    const { output } = await talk.ask("list_provisioner_daemons", { offline: true });
    const of = (status: string) =>
      names(output.items.filter((one: { status: string }) => one.status === status));
    return `Busy: ${of("busy")}. Gone: ${of("offline")}.`;
  },

  async queue(talk) {
    const { output } = await talk.ask("list_provisioner_jobs", { status: ["pending"] });
    const waiting = output.items.map(({ workspace, tags }: Record<string, string>) =>
      `${workspace} (${tags})`
    );
    return `Waiting: ${waiting.join(", ")}`;
  },

  async licence(talk) {
    const { output } = await talk.ask("get_license_and_entitlements", { name: "coder" });
    const feature = output.features.find(({ name }: Named) => name === "external_provisioner_daemons");
    return `It ends ${output.licenses[0].expiresAt}; external provisioners are ${feature.entitlement}.`;
  },

  async "pod-log-search"(talk) {
    const { output } = await talk.ask("get_pod_logs", { name: "coder-0", grep: "database" });
    return `Yes: ${output.logs}`;
  },

  async warnings(talk) {
    const { output } = await talk.ask("get_events", { kind: "Pod" });
    const told = output.items.filter(({ type }: { type: string }) => type === "Warning")
      .map(({ object, reason, message, count }: Record<string, string>) =>
        `${object}: ${reason} ${message} (${count} times)`
      );
    return told.join("\n");
  },

  async "agent-and-apps"(talk) {
    const { output } = await talk.ask("get_workspace_agents", { name: "coder.ann.dev" });
    const app = output.apps.find(({ slug }: { slug: string }) => slug === "jupyter");
    return `The agent is ${output.agents[0].status}, and jupyter is ${app.health}.`;
  },

  async "how-many"(talk) {
    const [all, failed] = [
      await talk.ask("list_workspaces", { limit: 1 }),
      await talk.ask("list_workspaces", { state: "failed", limit: 1 }),
    ];
    return `${all.output.total} workspaces, and ${failed.output.total} of them have failed.`;
  },

  async "key-age"(talk) {
    const { output } = await talk.ask("get_provisioner_key_age", { name: "builders" });
    return `It was made ${output.createdAt}; a new one was due ${output.rotationDueAt}.`;
  },
};
