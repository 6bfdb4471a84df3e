/** What the ground and its labs have to agree on. */
import type { CallerCluster } from "../../../src/caller/types.ts";
import type { Cluster } from "../../cluster/mod.ts";
import type { Postgres } from "../../coder/mod.ts";
import type { FakeKubelet } from "../../mcp/fake_kubelet.ts";
import type { Rights } from "../failure.ts";

/** Where callers are at home. */
export const PEOPLE = "people";
/** On the node of the test's kubelet. */
export const KUBELET_LABEL = "test/kubelet";

/** The control plane beside a subject. */
export const BESIDE = "two";

/** Who is meant by a name of `people`. */
export const subjectOf = (name: string) => ({ kind: "ServiceAccount", namespace: PEOPLE, name });

/** Somebody who asks. */
export interface Caller extends Disposable {
  readonly cluster: CallerCluster;
}

/** What a lab stands on. */
export interface LabGround {
  readonly cluster: Cluster;
  readonly kubelet: FakeKubelet;
  readonly callers: Readonly<Record<Rights, Caller>>;
  /** The Coder of all control planes that are called `two`: those beside a subject, which have nothing to do with it. */
  readonly elsewhere: { readonly url: string; readonly token: string };
  /** One for all labs, from the first use on. */
  postgres(): Promise<Postgres>;
}
