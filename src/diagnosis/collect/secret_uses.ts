/** Which Secrets a control plane or a proxy needs, those that matter most first. */
import type { PodTemplateSpec } from "../../api/kubernetes/types.ts";
import type { Facts } from "../facts.ts";
import { list, record, text, texts } from "../foreign.ts";
import { type OwnerView, subjectOwner } from "../owner_view.ts";
import { valueOf } from "../seen.ts";
import { type SecretUse, secretUsesOfPod } from "./secrets.ts";

const TLS_KEYS = ["tls.crt", "tls.key"];

/**
 * Of the spec and of the Deployment's pods. Those that pods or events complain of come first, then certificates, the
 * database, and the rest.
 */
export function secretUsesOf(facts: Facts): SecretUse[] {
  const owner = subjectOwner(facts);
  if (owner === undefined) return [];
  const template = podTemplateOf(facts);
  const uses = [
    ...certificates(owner),
    ...(template === undefined ? environment(owner) : secretUsesOfPod(owner.namespace, template)),
    ...licence(owner),
    ...proxyTokens(owner),
  ];
  const words = JSON.stringify([
    valueOf(facts.events) ?? [],
    (valueOf(facts.pods) ?? []).map((pod) => record(pod)["status"]),
  ]);
  const rank = ({ name, usedBy }: SecretUse) =>
    words.includes(`secret \\"${name}\\"`) || words.includes(`/${name}`)
      ? 0
      : usedBy.includes("CODER_PG_CONNECTION_URL")
      ? 1
      : usedBy.startsWith("spec.")
      ? 2
      : 3;
  return uses.toSorted((a, b) => rank(a) - rank(b));
}

function podTemplateOf(facts: Facts): PodTemplateSpec | undefined {
  const template = record(record(valueOf(facts.deployment))["spec"])["template"];
  // Read defensively where it is used; the API server has checked it.
  return template === undefined ? undefined : template as PodTemplateSpec;
}

function certificates({ namespace, spec }: OwnerView): SecretUse[] {
  const use = (usedBy: string, name: unknown): SecretUse[] => {
    const trimmed = text(name).trim();
    return trimmed === ""
      ? []
      : [{ namespace, name: trimmed, usedBy, isOptional: false, neededKeys: TLS_KEYS }];
  };
  const tls = record(record(record(spec["expose"])["ingress"])["tls"]);
  return [
    ...use("spec.expose.ingress.tls.secretName", tls["secretName"]),
    ...use("spec.expose.ingress.tls.wildcardSecretName", tls["wildcardSecretName"]),
    ...texts(record(spec["tls"])["secretNames"]).flatMap((name, i) =>
      use(`spec.tls.secretNames[${i}]`, name)
    ),
  ];
}

function licence({ namespace, spec }: OwnerView): SecretUse[] {
  const { name, key } = record(spec["licenseSecretRef"]);
  return text(name).trim() === "" ? [] : [{
    namespace,
    name: text(name).trim(),
    usedBy: "spec.licenseSecretRef",
    isOptional: false,
    neededKeys: [text(key) || "license"],
  }];
}

/** What the pods would name if there were a Deployment. */
function environment({ namespace, spec }: OwnerView): SecretUse[] {
  const container = { name: "coder", env: list(spec["extraEnv"]), envFrom: list(spec["envFrom"]) };
  return secretUsesOfPod(namespace, { spec: { containers: [container] } } as unknown as PodTemplateSpec)
    .map((use) => ({ ...use, usedBy: use.usedBy.replace("container coder, ", "spec.extraEnv, ") }));
}

/** Of a proxy: its own token where somebody brings one, and that with which the operator registers it. */
function proxyTokens({ namespace, spec }: OwnerView): SecretUse[] {
  const use = (usedBy: string, reference: unknown): SecretUse[] => {
    const { name, key } = record(reference);
    const trimmed = text(name).trim();
    return trimmed === "" ? [] : [{
      namespace,
      name: trimmed,
      usedBy,
      isOptional: false,
      neededKeys: [text(key) || "token"],
    }];
  };
  const bootstrap = record(spec["bootstrap"]);
  return [
    ...(spec["bootstrap"] === undefined
      ? use("spec.proxySessionTokenSecretRef", spec["proxySessionTokenSecretRef"])
      : use("spec.bootstrap.credentialsSecretRef", bootstrap["credentialsSecretRef"])),
  ];
}
