/** Which family the pods' own addresses are of: relay URLs need to know. */
import type { Service } from "../api/kubernetes/types.ts";
import { type IpFamily, relayUrl } from "./urls.ts";

/** What tells the family. */
export interface FamilyFacts {
  /** Families that the user asks of the Service. */
  readonly asked: readonly string[] | undefined;
  /** Ours, as it is now. */
  readonly service: Service | undefined;
  /** The relay URL that the pods that run were told. */
  readonly told: string | undefined;
  /** Of the relay. @default that of Coder itself */
  readonly port?: number;
}

/**
 * The first family that the cluster gave a Service which asked for none: it is that of the pods. Families that the user
 * asks for tell nothing about pods. While the Service is not there, what running pods were told stays.
 */
export function podFamily({ asked = [], service, told, port }: FamilyFacts): IpFamily | undefined {
  const [first] = service?.spec?.ipFamilies ?? [];
  if (asked.length === 0 && (first === "IPv4" || first === "IPv6")) return first;
  return told === relayUrl("IPv6", port) ? "IPv6" : undefined;
}
