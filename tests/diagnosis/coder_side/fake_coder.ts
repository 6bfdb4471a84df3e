/** Failures of Coder that a real AGPL build cannot have, or that nobody waits for: each in a lab with a fake Coder. */
import { waitFor } from "../../cluster/mod.ts";
import {
  addDaemon,
  addLogLine,
  beginBuild,
  endBuild,
  fakeLicense,
  pickUpBuild,
  refuse,
} from "../../fake-coder/mod.ts";
import type { Failure } from "../failure.ts";
import { ago, kubeletSays, logs, runs } from "../kubernetes/kubelet_says.ts";
import { HELD, type Lab, type Live } from "../kubernetes/lab.ts";

const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";
const fake = { where: "fake-coder" } as const;

export const FAKE_CODER_SIDE: readonly Failure<Lab>[] = [
  {
    ...fake,
    id: "coder-quota",
    subject: "workspace",
    touches: ["build"],
    rule: "workspace-over-quota",
    says: /would exceed the quota that admin has/,
    quotes: /insufficient quota/i,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      const { state } = lab.coder;
      const record = lab.record(name);
      state.quotas.set(record.owner_id, { budget: 50, consumed: 40 });
      beginBuild(state, record, "start");
      pickUpBuild(state, record);
      addLogLine(state, record.latest_build.id, "Commit quota", "Build cost — 20", "info");
      addLogLine(state, record.latest_build.id, "Commit quota", "insufficient quota", "error");
      endBuild(state, record, "insufficient quota");
      return subject;
    },
  },
  nodeClock("workspace", "clock-skew-of-a-node"),
  {
    ...fake,
    id: "clock-skew",
    subject: "workspace",
    touches: ["coder"],
    rule: "clock-skew",
    says: /^The clock of Coder is 10 minutes ahead of/,
    quotes: /10 minutes yet to come/,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      lab.coder.state.advance(600_000);
      const at = lab.coder.state.time();
      lab.agent(name, { last_connected_at: at });
      return subject;
    },
  },
  {
    ...fake,
    id: "rate-limit",
    subject: "workspace",
    // What nobody can read, nobody can name.
    touches: ["coder", "build"],
    rule: "coder-rate-limit",
    says: /the Coder of \S+\/coder answers with 429/,
    // Asked once more, the client keeps the silence that Coder asked for.
    quotes: /rate limited for sending more than 512 requests|Coder asked for silence/,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      // Coder counts for each path.
      lab.coder.faults.rateLimit(60, { path: new RegExp(`/workspaces/${lab.record(name).id}$`) });
      return subject;
    },
  },
  {
    ...fake,
    id: "ambiguous-control-planes",
    subject: "workspace",
    touches: ["namespace"],
    rule: "ambiguous-control-planes",
    says:
      /means workspaces of 2 control planes .*\(coder, one\): use coder\.coder\.admin\.\S+ or one\.coder\.admin\./,
    quotes: /several deployments of this namespace have one called/,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      // Of the same Coder: whatever is in one of them is in both.
      const spec = { operatorAccess: { bootstrapTokenSecretRef: { name: "owner" } } };
      await lab.create("CoderControlPlane", "one", { spec });
      await waitFor(async () => {
        const found = await lab.find("CoderWorkspace", subject).catch((error: Error) => error);
        return found instanceof Error && /several deployments/.test(found.message);
      }, { what: `${subject} to mean two workspaces`, timeoutMs: 120_000 });
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-key-revoked",
    subject: "provisioner",
    touches: ["provisioner"],
    rule: "provisioner-key-revoked",
    says: /provisioner key \S+ is no longer good in Coder: the daemons of \S+ cannot sign in/,
    quotes: /is not among them|somebody deleted/,
    async inject(lab, name) {
      const subject = await connected(lab, name);
      const { state } = lab.coder;
      // Nor can the operator make another one.
      lab.coder.faults.add({
        method: "POST",
        route: KEYS,
        times: Infinity,
        action: { do: "answer", reply: refuse(500, "Internal error inserting provisioner key.") },
      });
      // Coder's own is there: that it shows no other one is no want of rights.
      addDaemon(state, { name: "built-in" });
      const { status } = await lab.find("CoderProvisioner", name);
      const at = state.provisionerKeys.findIndex((key) => key.name === status.provisionerKeyName);
      const [{ id } = { id: "" }] = state.provisionerKeys.splice(at, 1);
      for (const daemon of state.provisionerDaemons.filter((one) => one["key_id"] === id)) {
        state.provisionerDaemons.splice(state.provisionerDaemons.indexOf(daemon), 1);
      }
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-brought-key-refused",
    asked: "provisioner-key-revoked",
    subject: "provisioner",
    touches: ["provisioner"],
    rule: "provisioner-key-revoked",
    says: /Coder refuses the provisioner key in the Secret brought/,
    quotes: /provisioner daemon key invalid/,
    async prepare(lab, name) {
      lab.plan(name, { ...HELD, key: { existingSecret: "brought" } });
      const key = lab.planted.secret("a provisioner key that was brought");
      if (await lab.find("Secret", "brought") === undefined) {
        await lab.create("Secret", "brought", { stringData: { key } });
      }
    },
    async inject(lab, name) {
      const subject = await lab.make("provisioner", name);
      for (const pod of await kubeletSays(lab, "provisioner", name, runs(true))) {
        logs(lab, pod, [
          "starting provisioner daemon",
          'connect to coderd: status code 401: {"message":"provisioner daemon key invalid"}',
        ]);
      }
      await lab.condition("CoderProvisioner", name, "Ready", "True");
      return subject;
    },
  },
  {
    ...fake,
    id: "licence-expired",
    subject: "controlplane",
    touches: ["licence", "coder"],
    rule: "licence-expired",
    says: /licence of control plane \S+ expired at/,
    quotes: /has_license: false/,
    async prepare(lab, name) {
      lab.plan(name, { licenseSecretRef: { name: "licence" } });
      if (await lab.find("Secret", "licence") === undefined) {
        await lab.create("Secret", "licence", { stringData: { license: fakeLicense() } });
      }
    },
    async inject(lab, name) {
      await lab.coderReady();
      const subject = await lab.make("controlplane", name);
      await lab.condition("CoderControlPlane", name, "LicenseApplied", "True");
      const ended = Math.floor(Date.now() / 1_000) - 3 * 24 * 3_600;
      for (const { claims } of lab.coder.state.licenses) {
        Object.assign(claims, { license_expires: ended, exp: ended + 3_600 });
      }
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-key-secret-wrong",
    asked: "secret-wrong-key",
    subject: "provisioner",
    touches: ["secret", "provisioner"],
    rule: "provisioner-key-secret",
    says: /Secret \S+ (?:has nothing at the key key|with the provisioner key cannot be used)/,
    quotes: /it has the keys token|SecretMissing/,
    async prepare(lab, name) {
      lab.plan(name, { key: { existingSecret: "other-key" } });
      const token = lab.planted.secret("a provisioner key under another name");
      if (await lab.find("Secret", "other-key") === undefined) {
        await lab.create("Secret", "other-key", { stringData: { token } });
      }
    },
    async inject(lab, name) {
      const subject = await lab.make("provisioner", name);
      await lab.condition("CoderProvisioner", name, "ProvisionerKeySecretReady", "False");
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-not-connected",
    subject: "provisioner",
    touches: ["provisioner"],
    rule: "provisioner-not-connected",
    says: /1 pod of provisioner \S+ is ready since .* no daemon of it is connected to Coder/,
    quotes: /0 connected, none of them with the key/,
    laterMs: 120_000,
    async inject(lab, name) {
      const subject = await lab.make("provisioner", name);
      await lab.condition("CoderProvisioner", name, "Ready", "True");
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-without-control-plane",
    subject: "provisioner",
    touches: ["provisioner"],
    rule: "provisioner-control-plane-not-ready",
    says: /names the control plane \S+\/nowhere, which does not exist/,
    quotes: /does not exist|not found/,
    prepare: (lab, name) => lab.plan(name, { controlPlaneRef: { name: "nowhere" } }),
    async inject(lab, name) {
      const subject = await lab.make("provisioner", name);
      await lab.condition("CoderProvisioner", name, "ControlPlaneReady", "False");
      return subject;
    },
  },
  {
    ...fake,
    id: "provisioner-not-entitled",
    subject: "provisioner",
    touches: ["licence", "coder", "provisioner"],
    rule: "provisioner-not-entitled",
    says: /licence of control plane \S+ does not allow external provisioners/,
    quotes: /external_provisioner_daemons: not_entitled|NotEntitled/,
    async inject(lab, name) {
      await lab.coderReady();
      lab.coder.state.licenses.length = 0;
      const subject = await lab.make("provisioner", name);
      await lab.condition("CoderProvisioner", name, "ExternalProvisionersEntitled", "False");
      return subject;
    },
  },
  nodeClock("provisioner", "clock-skew-of-a-provisioner"),
];

/** An Event about a subject, of a node whose clock is ahead. */
function nodeClock(subject: "workspace" | "provisioner", id: string): Failure<Lab> {
  return {
    ...fake,
    id,
    asked: "clock-skew",
    subject,
    // Where a build fails, nobody asks for Events.
    touches: ["events", "build"],
    rule: "clock-skew",
    // Or less, where the other failure takes its time to show.
    says: /^The clock of node node-7 is (?:1[5-9]|20) minutes ahead of/,
    quotes: /(?:1[5-9]|20) minutes yet to come/,
    async inject(lab, name) {
      const made = await lab.make(subject, name);
      const about = subject === "workspace"
        ? await lab.find("Pod", await lab.workspacePod(name))
        : await lab.find("CoderProvisioner", name);
      const at = ago(-1_210);
      await lab.event(
        about,
        subject === "workspace" ? "Pod" : "CoderProvisioner",
        "Unhealthy",
        "it took long",
        {
          firstTimestamp: at,
          lastTimestamp: at,
          source: { component: "kubelet", host: "node-7" },
        },
      );
      return made;
    },
  };
}

/** A provisioner whose daemons were connected. */
async function connected(lab: Lab, name: string): Promise<string> {
  const subject = await lab.make("provisioner", name);
  await lab.condition("CoderProvisioner", name, "Ready", "True");
  await waitFor(async () => {
    const { status }: Live = await lab.find("CoderProvisioner", name);
    return lab.coder.state.provisionerKeys.some((key) => key.name === status?.provisionerKeyName);
  }, { what: `the key of ${name}`, timeoutMs: 120_000 });
  await lab.daemon(name);
  return subject;
}
