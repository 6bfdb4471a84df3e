/** Our certificates in a Secret that all replicas share. */
import { Buffer } from "node:buffer";
import type { Secret } from "../../../api/kubernetes/types.ts";
import type { Certificates } from "./rotation.ts";
import type { IssuedPair } from "./issue.ts";

/** Marks a Secret as ours to write; one without it, and with content, is somebody else's. */
export const OWNED_LABEL = "coder.com/self-managed-serving-certificate";

/** What a Secret holds; undefined where it is not all there. */
export function readCertificates({ data = {} }: Pick<Secret, "data">): Certificates | undefined {
  const text = (key: string) => {
    const value = data[key];
    return value === undefined || value === "" ? undefined : Buffer.from(value, "base64").toString("utf8");
  };
  const pair = (name: string): IssuedPair | undefined => {
    const certPem = text(`${name}.crt`);
    const keyPem = text(`${name}.key`);
    return certPem === undefined || keyPem === undefined ? undefined : { certPem, keyPem };
  };
  const authority = pair("ca");
  const serving = pair("tls");
  const next = pair("next-ca");
  const previous = text("previous-ca.crt");
  if (authority === undefined || serving === undefined) return undefined;
  return {
    authority,
    serving,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous }),
  };
}

/** The data of a Secret. */
export function certificateData(
  { authority, serving, next, previous }: Certificates,
): Record<string, string> {
  const texts: Record<string, string | undefined> = {
    "ca.crt": authority.certPem,
    "ca.key": authority.keyPem,
    "tls.crt": serving.certPem,
    "tls.key": serving.keyPem,
    "next-ca.crt": next?.certPem,
    "next-ca.key": next?.keyPem,
    "previous-ca.crt": previous,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]) =>
      text === undefined ? [] : [[key, Buffer.from(text).toString("base64")]]
    ),
  );
}

/** Whether we may write it. */
export function isOurs({ metadata, data = {} }: Secret): boolean {
  return metadata.labels?.[OWNED_LABEL] === "true" || Object.keys(data).length === 0;
}
