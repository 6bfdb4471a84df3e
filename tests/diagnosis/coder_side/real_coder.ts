/** Failures of workspaces on a real coderd. */
import type { Failure } from "../failure.ts";
import type { RealLab } from "./real_lab.ts";

export type RealFailure = Failure<RealLab>;

const workspace = { where: "real-coder", subject: "workspace" } as const;

/** Nobody uses it: made beside the others, too. */
export const DORMANT: RealFailure = {
  ...workspace,
  id: "workspace-dormant",
  touches: ["workspace"],
  rule: "workspace-dormant",
  says: /is dormant since/,
  async inject(lab, name) {
    const { id } = await lab.workspace(name);
    await lab.request("PUT", `/workspaces/${id}/dormant`, { dormant: true });
    return await lab.reached(name, "running", "failed", "canceled", "pending");
  },
};

/** In the order in which they are made; each of a workspace of its own. */
export const REAL_CODER_SIDE: readonly RealFailure[] = [
  {
    ...workspace,
    id: "terraform-error",
    touches: ["build"],
    rule: "terraform-error",
    says: /Terraform failed .*no region eu-9/,
    quotes: /no region eu-9/,
    async inject(lab, name) {
      await lab.workspace(name, "broken");
      return await lab.reached(name, "failed");
    },
  },
  {
    ...workspace,
    id: "build-cancelled",
    touches: ["build"],
    rule: "build-canceled",
    says: /was cancelled/,
    async inject(lab, name) {
      const { latest_build: { id } } = await lab.workspace(name, "slow");
      await lab.reached(name, "starting");
      await lab.request("PATCH", `/workspacebuilds/${id}/cancel`);
      // Coder calls it failed where Terraform was still planning.
      return await lab.reached(name, "canceled", "failed");
    },
  },
  {
    ...workspace,
    id: "agent-never-connected",
    touches: ["agent"],
    rule: "agent-never-connected",
    says: /agent main .*never connected|agent main has not connected/i,
    async inject(lab, name) {
      await lab.workspace(name, "absent");
      const subject = await lab.reached(name, "running");
      await lab.agent(name, (status) => status === "timeout");
      return subject;
    },
  },
  {
    ...workspace,
    id: "agent-lost",
    touches: ["agent"],
    rule: "agent-lost",
    says: /agent main is disconnected/,
    async inject(lab, name) {
      await lab.workspace(name, "none");
      const subject = await lab.reached(name, "running");
      await lab.agent(name, (status) => status === "connected");
      await lab.killAgent(name);
      await lab.agent(name, (status) => status === "disconnected");
      return subject;
    },
  },
  {
    ...workspace,
    id: "startup-script-failed",
    touches: ["agent"],
    rule: "startup-script-failed",
    says: /start scripts of agent main/,
    quotes: /Unable to locate package gcc-99/,
    async inject(lab, name) {
      await lab.workspace(name, "script");
      const subject = await lab.reached(name, "running");
      await lab.agent(name, (_, lifecycle) => lifecycle === "start_error");
      return subject;
    },
  },
  DORMANT,
  {
    ...workspace,
    id: "missing-variable",
    touches: ["build"],
    rule: "missing-template-variable",
    says: /variable region has no value/,
    quotes: /No value for required variable|region/,
    async inject(lab, name) {
      const template = await lab.variableTemplate();
      // The value that it was imported with is lost.
      await lab.coderd.sql(
        "delete from template_version_variables where template_version_id in " +
          "(select id from template_versions where template_id = :'template')",
        { params: { template: template.id } },
      );
      await lab.make(name, () => Promise.resolve({ template }));
      return await lab.reached(name, "failed");
    },
  },
  {
    ...workspace,
    id: "no-provisioner-for-tags",
    touches: ["build"],
    rule: "no-provisioner-for-tags",
    says: /waits for a provisioner with the tags env=gpu/,
    async inject(lab, name) {
      const template = await lab.coderd.createTemplate({ name: "gpu", files: { "main.tf": "# nothing\n" } });
      // As if the provisioner with these tags that imported it were gone: builds ask for those of the import.
      await lab.coderd.sql(
        'update provisioner_jobs set tags = tags || \'{"env": "gpu"}\'::jsonb where id = ' +
          "(select job_id from template_versions where id = :'version')",
        { params: { version: template.active_version_id } },
      );
      await lab.make(name, () => Promise.resolve({ template }));
      return await lab.reached(name, "pending");
    },
  },
];
