/** Changing: a plan, and the same call with its token. */
import type { Script, Talk, Told } from "./talk.ts";

const DEV = { name: "coder.ann.dev" };
const DOCKER = { name: "coder.docker" };

/** Carries a change out, and throws where it cannot be. */
async function done(talk: Talk, tool: string, args: Record<string, unknown>): Promise<Told> {
  const told = await talk.changes(tool, args);
  if (told.isError) throw new Error(`${tool}: ${told.text}`);
  return told;
}

/** By the id of the task. */
export const CHANGING: Readonly<Record<string, Script>> = {
  async "stop-mine"(talk) {
    await done(talk, "set_workspace_running", { ...DEV, running: false });
    return "Your workspace dev is being stopped.";
  },

  async "start-mine"(talk) {
    await done(talk, "set_workspace_running", { ...DEV, running: true });
    const { output } = await talk.ask("wait_for_workspace", { ...DEV, state: "running", timeoutSeconds: 30 });
    return `Your workspace dev ${output.reached === true ? "runs" : "does not run yet"}.`;
  },

  async "restart-stuck"(talk) {
    await done(talk, "restart_workspace", DEV);
    return "Your workspace dev is being restarted.";
  },

  async "stop-unused"(talk) {
    const { output } = await talk.ask("list_workspaces", { state: "running", unusedDays: 30 });
    const stopped: string[] = [];
    for (const { name } of output.items) {
      await done(talk, "set_workspace_running", { name, running: false });
      stopped.push(name);
    }
    return `Stopped: ${stopped.join(", ")}`;
  },

  async "to-active-version"(talk) {
    await done(talk, "update_workspace", { ...DEV, version: "active" });
    return "Your workspace dev is being built of the active version.";
  },

  async "working-hours"(talk) {
    const autostart = "CRON_TZ=Europe/Berlin 0 8 * * 1-5";
    await done(talk, "update_workspace", { ...DEV, autostart, ttlMinutes: 540 });
    return "It starts at 8 on weekdays in Berlin, and stops 9 hours after a start.";
  },

  async "more-cpus"(talk) {
    await done(talk, "update_workspace", { ...DEV, parameters: { cpus: "8" } });
    return "Your workspace dev is built anew with 8 CPUs.";
  },

  async "new-workspace"(talk) {
    const args = { name: "coder.ann.trial", template: "docker", parameters: { cpus: "4" } };
    await done(talk, "create_workspace", args);
    return "Your workspace trial is being built.";
  },

  async "delete-mine"(talk) {
    await done(talk, "delete_workspace", { name: "coder.ann.old" });
    return "Your workspace old is being deleted.";
  },

  async "roll-back"(talk) {
    const { output } = await talk.ask("roll_back_template", DOCKER);
    await talk.ask("roll_back_template", { ...DOCKER, planToken: output.plan.planToken });
    return `Done: ${output.plan.summary}`;
  },

  async promote(talk) {
    await done(talk, "promote_template_version", { ...DOCKER, version: "v3" });
    return "New workspaces of docker are built of v3 now.";
  },

  async "newer-image"(talk) {
    const text = await talk.read(`coder://templates/${talk.namespace}/coder.docker/files/main.tf`);
    const [, file = ""] = /<<<\w+\n(.*)\n\w+>>>/s.exec(text) ?? [undefined, text];
    const files = { "main.tf": file.replace("ubuntu:22.04", "ubuntu:24.04") };
    const { output } = await done(talk, "push_template_version", { ...DOCKER, files });
    return `The image is ubuntu:24.04 now: ${output.state}.`;
  },

  async deprecate(talk) {
    const args = { name: "coder.legacy", running: false, message: "Use the template docker" };
    await done(talk, "set_template_running", args);
    return "The template legacy is deprecated.";
  },

  async "two-hours-more"(talk) {
    const { output } = await done(talk, "extend_workspace", { ...DEV, minutes: 120 });
    return `It stops at ${output.deadline}.`;
  },

  async "try-again"(talk) {
    await done(talk, "set_workspace_running", { name: "coder.ann.api", running: true });
    return "It is being started once more.";
  },

  async "new-key"(talk) {
    await done(talk, "rotate_provisioner_key", { name: "builders" });
    return "The provisioner builders gets a new key.";
  },
};
