/** Secrets with certificates, as volumes and mounts of the Coder container. */
import type { Volume, VolumeMount } from "../api/kubernetes/types.ts";
import { secretVolumeName } from "./names.ts";
import { SpecError } from "./spec_error.ts";

const TLS_DIRECTORY = "/etc/ssl/certs/coder";
const CA_DIRECTORY = "/etc/ssl/certs";

/** What a list of Secrets becomes in a pod. */
export interface SecretMounts {
  volumes: Volume[];
  mounts: VolumeMount[];
}

/** Built-in TLS: volumes, and the files to name in the environment. */
export interface TlsMounts extends SecretMounts {
  /** Paths of certificates and keys, in the same order. Both are empty where TLS is off. */
  certFiles: string[];
  keyFiles: string[];
}

/** One CA certificate: a key of a Secret. */
export interface CertificateSelector {
  name: string;
  key: string;
}

/** `spec.tls.secretNames`: each Secret once, at a directory of its own. Throws {@linkcode SpecError} for a blank name. */
export function tlsMounts(secretNames: readonly string[] | undefined): TlsMounts {
  const names = (secretNames ?? []).map((name, i) => required(name, `spec.tls.secretNames[${i}]`));
  const unique = [...new Set(names)];
  return {
    volumes: unique.map((name) => secretVolume(secretVolumeName("tls", name), name)),
    mounts: unique.map((name) => ({
      name: secretVolumeName("tls", name),
      mountPath: `${TLS_DIRECTORY}/${name}`,
      readOnly: true,
    })),
    certFiles: unique.map((name) => `${TLS_DIRECTORY}/${name}/tls.crt`),
    keyFiles: unique.map((name) => `${TLS_DIRECTORY}/${name}/tls.key`),
  };
}

/** `spec.certs.secrets`: each key as one file among the system's certificates. Throws {@linkcode SpecError}. */
export function caMounts(selectors: readonly CertificateSelector[] | undefined): SecretMounts {
  const all = (selectors ?? []).map(({ name, key }, i) => ({
    name: required(name, `spec.certs.secrets[${i}].name`),
    key: required(key, `spec.certs.secrets[${i}].key`),
  }));
  const unique = [...new Map(all.map((each) => [JSON.stringify([each.name, each.key]), each])).values()];
  const used = new Set<string>();
  const mounts = unique.map(({ name, key }) => {
    const shared = all.filter((other) => other.name === name).length > 1;
    const file = unusedFile(shared ? `${name}-${key}` : name, used);
    return {
      name: secretVolumeName("ca-cert", name),
      mountPath: `${CA_DIRECTORY}/${file}`,
      subPath: key,
      readOnly: true,
    };
  });
  const secrets = [...new Set(unique.map(({ name }) => name))];
  return { volumes: secrets.map((name) => secretVolume(secretVolumeName("ca-cert", name), name)), mounts };
}

function secretVolume(name: string, secretName: string): Volume {
  return { name, secret: { secretName } };
}

function unusedFile(base: string, used: Set<string>): string {
  const plain = base.endsWith(".crt") ? base.slice(0, -".crt".length) : base;
  let file = `${plain}.crt`;
  for (let n = 2; used.has(file); n++) file = `${plain}-${n}.crt`;
  used.add(file);
  return file;
}

function required(value: string, field: string): string {
  const trimmed = value.trim();
  if (trimmed === "") throw new SpecError(field, "is blank; name a Secret (or its key) or remove the entry");
  return trimmed;
}
