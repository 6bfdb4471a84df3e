/** What a diagnosis may ask: Kubernetes and Coder, with the rights of whoever wants to know. */
import type { CallerCluster, CallerCoders } from "../caller/types.ts";

/** Kubernetes, for reading alone. */
export type ReadableCluster = Pick<CallerCluster, "get" | "list" | "text" | "may" | "missing">;

export interface DiagnosisWorld {
  readonly cluster: ReadableCluster;
  readonly coders: CallerCoders;
  /** Milliseconds since 1970. */
  now(): number;
}
