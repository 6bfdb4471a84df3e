/** Ways from outside that end somewhere else: certificates and walls. */
import { waitFor } from "../../cluster/mod.ts";
import type { KubeFailure } from "./kube_failure.ts";
import type { Lab } from "./lab.ts";

const HOST = "coder.example.com";

/** An Ingress that its controller has taken. */
export async function exposed(lab: Lab, name: string): Promise<void> {
  await waitFor(() => lab.find("Ingress", name), { what: `the Ingress of ${name}` });
  const status = { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } };
  await lab.patch("Ingress", name, { status }, "/status");
  await lab.condition("CoderControlPlane", name, "Exposed", "True");
}

/** What is planned of a control plane behind an Ingress. */
export const behindIngress = (secretName?: string) => ({
  expose: { ingress: { host: HOST, ...(secretName === undefined ? {} : { tls: { secretName } }) } },
});

/** A certificate in a Secret, for names and for so long. */
export async function certificate(
  lab: Lab,
  name: string,
  { names = [HOST], validForMs }: { names?: string[]; validForMs?: number } = {},
): Promise<void> {
  const { certPem, keyPem } = await lab.cluster.issueCertificate({
    commonName: names[0] ?? HOST,
    dnsNames: names,
    usage: ["server"],
    ...(validForMs === undefined ? {} : { validForMs }),
  });
  lab.planted.known(keyPem.split("\n")[1] ?? keyPem, "a private key");
  await lab.create("Secret", name, {
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": certPem, "tls.key": keyPem },
  });
}

function certificateFailure(
  failure: Pick<KubeFailure, "id" | "rule" | "says" | "quotes">,
  made: Parameters<typeof certificate>[2],
): KubeFailure {
  return {
    ...failure,
    where: "kubernetes",
    subject: "controlplane",
    touches: ["certificate", "exposure", "secret"],
    // Who has `view` alone may not read Secrets.
    seenBy: ["admin"],
    async prepare(lab, name) {
      await certificate(lab, `${name}-tls`, made);
      lab.plan(name, behindIngress(`${name}-tls`));
    },
    async inject(lab, name) {
      await lab.make("controlplane", name);
      await exposed(lab, name);
      return name;
    },
  };
}

export const EXPOSURE: readonly KubeFailure[] = [
  certificateFailure({
    id: "certificate-expired",
    rule: "certificate-expired",
    says: /certificate.*-tls.*(?:expired|ended)/i,
  }, { validForMs: -60_000 }),
  certificateFailure({
    id: "certificate-wrong-name",
    rule: "certificate-wrong-name",
    says: /coder\.example\.com/,
    quotes: /old\.example\.com/,
  }, { names: ["old.example.com"] }),
  {
    id: "network-policy",
    where: "kubernetes",
    subject: "workspace",
    touches: ["agent", "pod", "namespace"],
    rule: "network-policy-blocks",
    says: /NetworkPolicy.*deny-all|deny-all/,
    quotes: /deny-all|[Ee]gress/,
    laterMs: 120_000,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      lab.waitingAgent(name, 600);
      lab.agent(name, { status: "timeout" });
      const pod = await lab.workspacePod(name);
      await lab.condition("Pod", pod, "Ready", "True");
      await lab.create("NetworkPolicy", "deny-all", { spec: { podSelector: {}, policyTypes: ["Egress"] } });
      return subject;
    },
  },
];
