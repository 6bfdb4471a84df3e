/** Control planes with a fake Coder each: reconciled by the operator that is measured, token and licence given. */
import { operatorTokenName, operatorTokenSecretName } from "../../src/workload/names.ts";
import { standardLabels } from "../../src/workload/labels.ts";
import type { Cluster } from "../cluster/mod.ts";
import { type FakeCoder, fakeLicense, startFakeCoder } from "../fake-coder/mod.ts";

/** Path of the control planes of a namespace. */
export function controlPlanesPath(namespace: string): string {
  return `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes`;
}

/** Name of the Secret with the licence of a control plane that {@linkcode addControlPlane} has made. */
export function licenceSecretName(name: string): string {
  return `${name}-licence`;
}

/** Fake Coders by the names that their control planes will have. */
export class FakeCoders implements AsyncDisposable {
  readonly all = new Map<string, FakeCoder>();

  private constructor() {}

  static async start(names: readonly string[]): Promise<FakeCoders> {
    const coders = new FakeCoders();
    for (const name of names) coders.all.set(name, await startFakeCoder());
    return coders;
  }

  get(name: string): FakeCoder {
    const fake = this.all.get(name);
    if (fake === undefined) throw new Error(`there is no fake Coder ${name}`);
    return fake;
  }

  /** A configuration file for the operator, which says where each control plane's Coder is. */
  endpoints(namespace: string): string {
    const lines = [...this.all].map(([name, { url }]) => `  - ${namespace}/${name}=${url}\n`);
    return `controlPlaneEndpoint:\n${lines.join("")}`;
  }

  /** Throws where a request was one that no request of ours may be. */
  assertClean(): void {
    for (const [name, { violations }] of this.all) {
      if (violations.length > 0) {
        throw new Error(`the fake Coder ${name} was asked wrongly: ${violations[0]}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fake of this.all.values()) await fake[Symbol.asyncDispose]();
  }
}

/** A token as the operator would have made it, for a control plane of this name. */
export function addOperatorToken(state: FakeCoder["state"], namespace: string, name: string): string {
  const user = state.addUser({ username: "coder-k8s-operator", login_type: "none", is_system: true });
  return state.addToken(user, {
    lifetime_seconds: 365 * 86_400,
    token_name: operatorTokenName(namespace, name),
  });
}

/** Creates a control plane, with the operator's token where the operator would have put it. */
export async function createControlPlane(
  cluster: Cluster,
  { namespace, name, token, spec }: { namespace: string; name: string; token: string; spec: object },
): Promise<void> {
  const kind = { apiVersion: "coder.com/v1alpha1", kind: "CoderControlPlane" };
  const plane = await cluster.request("POST", controlPlanesPath(namespace), {
    ...kind,
    metadata: { name },
    spec,
  });
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: {
      name: operatorTokenSecretName(name),
      labels: standardLabels("coder-control-plane", name),
      ownerReferences: [{
        ...kind,
        name,
        uid: plane.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
    stringData: { token },
  });
}

/** Creates a control plane with a licence, and the operator's token for it where the operator would have put it. */
export async function addControlPlane(
  cluster: Cluster,
  namespace: string,
  name: string,
  fake: FakeCoder,
): Promise<void> {
  await createControlPlane(cluster, {
    namespace,
    name,
    token: addOperatorToken(fake.state, namespace, name),
    spec: { licenseSecretRef: { name: licenceSecretName(name) } },
  });
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: licenceSecretName(name) },
    stringData: { license: fakeLicense() },
  });
}
