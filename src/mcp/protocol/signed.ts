/** Small facts that go through clients' hands and come back as they were. They can be read, and not be changed. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { ServingWorld } from "../surface.ts";

export type SigningKeys = ServingWorld["keys"];

/** Writes `facts` as text of the alphabet of URLs. @param purpose one text counts for one purpose alone */
export function sign(purpose: string, facts: unknown, keys: SigningKeys): string {
  const body = new TextEncoder().encode(JSON.stringify(facts)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  return `${body}.${mac(purpose, body, keys().current)}`;
}

/** Reads it; undefined where none of the keys has signed it for this purpose. */
export function verify(purpose: string, text: string, keys: SigningKeys): unknown {
  const dot = text.indexOf(".");
  if (dot < 1 || text.length > 4_096) return undefined;
  const body = text.slice(0, dot);
  // As text: the last character of base64 has bits that nobody reads.
  const given = Buffer.from(text.slice(dot + 1));
  const isOurs = keys().all.some((key) => {
    const expected = Buffer.from(mac(purpose, body, key));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!isOurs) return undefined;
  try {
    return JSON.parse(Buffer.from(body, "base64url").toString());
  } catch {
    return undefined;
  }
}

function mac(purpose: string, body: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(`${purpose}:${body}`).digest("base64url");
}
