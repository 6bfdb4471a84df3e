/** Secrets that specs and pods name, without their values. */
import { Buffer } from "node:buffer";
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Container, PodTemplateSpec, Secret } from "../../api/kubernetes/types.ts";
import type { SecretFacts } from "../kubernetes_facts.ts";
import type { Looker } from "../look.ts";
import type { Missed } from "../seen.ts";
import { unreadOf } from "../unread.ts";
import { readCertificate } from "./certificate.ts";

/** A Secret that something needs. */
export type SecretUse = Pick<SecretFacts, "namespace" | "name" | "usedBy" | "isOptional" | "neededKeys">;

/** So many are read; each is one request. */
export const MOST_SECRETS = 4;

/**
 * Looks for the fact `secrets`: the first `most` Secrets of `uses`, each read once and told once for every use. Those
 * that cannot be read are named as missed. Never rejects.
 *
 * @param most @default {MOST_SECRETS}
 */
export async function lookForSecrets(
  looker: Looker,
  uses: readonly SecretUse[],
  most: number = MOST_SECRETS,
): Promise<void> {
  const bySecret = Map.groupBy(uses, ({ namespace, name }) => `${namespace}/${name}`);
  const missed: Missed[] = [];
  const read = async ([key, usesOfOne]: [string, SecretUse[]]): Promise<SecretFacts[]> => {
    const [{ namespace, name }] = usesOfOne as [SecretUse];
    const what = `get Secret ${key}`;
    try {
      const secret = await looker.get(Secrets, { namespace, name });
      return usesOfOne.map((use) => secretFacts(use, secret));
    } catch (error) {
      const seen = unreadOf(what, error);
      if (seen.state === "absent") return usesOfOne.map((use) => secretFacts(use, undefined));
      if (seen.state === "unread") missed.push({ what, why: seen.why });
      return [];
    }
  };
  const seen = await looker.look("secrets", "get the Secrets that it names", async () => {
    return (await Promise.all([...bySecret].slice(0, most).map(read))).flat();
  });
  if (seen.state === "seen" && missed.length > 0) looker.set("secrets", { ...seen, missed });
}

/** What may be known of a Secret. @param secret undefined: it is not there */
export function secretFacts(use: SecretUse, secret: Secret | undefined): SecretFacts {
  if (secret === undefined) return { ...use, isThere: false, keys: {}, type: "" };
  const data = new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, bytesOf(value)]));
  const keys = Object.fromEntries([...data].map(([key, bytes]) => [key, bytes.length]));
  const facts = { ...use, isThere: true, keys, type: String(secret.type ?? "") };
  const [certificate, key] = [data.get("tls.crt"), data.get("tls.key")];
  if (certificate === undefined || certificate.length === 0) return facts;
  const reading = readCertificate(textOf(certificate), key === undefined ? undefined : textOf(key));
  return "problem" in reading
    ? { ...facts, certificateProblem: reading.problem }
    : { ...facts, certificate: reading.certificate };
}

/** The Secrets that a pod's containers and volumes name. */
export function secretUsesOfPod(
  namespace: string,
  { spec }: Pick<PodTemplateSpec, "spec">,
): SecretUse[] {
  const use = (usedBy: string, name: unknown, isOptional: unknown, neededKeys: readonly unknown[]) =>
    typeof name !== "string" || name.trim() === "" ? [] : [{
      namespace,
      name: name.trim(),
      usedBy,
      isOptional: isOptional === true,
      neededKeys: neededKeys.filter((key) => typeof key === "string"),
    }];
  const ofContainer = ({ name, env, envFrom }: Container) => [
    ...(env ?? []).flatMap(({ name: variable, valueFrom }) => {
      const ref = valueFrom?.secretKeyRef;
      return use(`container ${name}, env ${variable}`, ref?.name, ref?.optional, [ref?.key]);
    }),
    ...(envFrom ?? []).flatMap(({ secretRef }) =>
      use(`container ${name}, envFrom`, secretRef?.name, secretRef?.optional, [])
    ),
  ];
  return [
    ...[...spec?.containers ?? [], ...spec?.initContainers ?? []].flatMap(ofContainer),
    ...(spec?.volumes ?? []).flatMap(({ name, secret, projected }) => [
      ...use(`volume ${name}`, secret?.secretName, secret?.optional, keysOf(secret?.items)),
      ...(projected?.sources ?? []).flatMap(({ secret }) =>
        use(`volume ${name}`, secret?.name, secret?.optional, keysOf(secret?.items))
      ),
    ]),
  ];
}

function keysOf(items: readonly { key: string }[] | undefined): string[] {
  return (items ?? []).map(({ key }) => key);
}

function bytesOf(value: unknown): Uint8Array {
  return typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : new Uint8Array();
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
