/** The ground of tests of whole provisioners: a real cluster, a fake Coder with a licence, and what tests ask of both. */
import { createHash } from "node:crypto";
import {
  type CoderProvisioner,
  CoderProvisioners,
  type ProvisionerSpecInput,
} from "../../src/api/provisioner.ts";
import { h32 } from "../../src/workload/hash.ts";
import { provisionerKeySecretName, provisionerName } from "../../src/workload/names.ts";
import { addDaemon } from "../fake-coder/mod.ts";
import type { FakeProvisionerKey } from "../fake-coder/state.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import { CustomObjects, type ExpectedConditions } from "../operator/custom_objects.ts";
import type { LivePod } from "../operator/live_objects.ts";
import { World, type WorldOptions } from "../operator/world.ts";

/** On pods: which key they were started with. */
export const CHECKSUM = "checksum/provisioner-key";
/** Holds a provisioner until its key is revoked. */
export const KEY_FINALIZER = "coder.com/provisioner-key-cleanup";
/** The route of the list of keys, which keys are made at, too. */
export const KEYS_ROUTE = "/api/v2/organizations/{organization}/provisionerkeys";
/** The route of a single key. */
export const KEY_ROUTE = `${KEYS_ROUTE}/{name}`;

/** See the file's head. */
export class ProvisionerRig extends World {
  readonly provisioners = new CustomObjects<CoderProvisioner>(CoderProvisioners, this.live);
  /** By provisioner: those that are connected. */
  readonly #daemons = new Map<string, ReadonlySet<Record<string, unknown>>>();

  /** `await using` ends it. */
  static async start(prefix: string, options: WorldOptions = {}): Promise<ProvisionerRig> {
    const { live, kubeconfig } = await World.ground(prefix, options);
    const rig = new ProvisionerRig(live, kubeconfig);
    for (const coder of options.coders ?? [{}]) await rig.addCoder(coder);
    return rig;
  }

  /** Creates a provisioner of the first control plane, or of the one that the spec names. */
  provisioner(
    name = "prov",
    spec: Partial<ProvisionerSpecInput> = {},
    metadata: Partial<CoderProvisioner["metadata"]> = {},
  ): Promise<CoderProvisioner> {
    const whole = { controlPlaneRef: { name: this.coder.name }, ...spec };
    return this.provisioners.create(name, whole, metadata);
  }

  /** Waits until nothing is left to do, or until the conditions are as expected. */
  settled(name = "prov", expected?: ExpectedConditions): Promise<CoderProvisioner> {
    return this.provisioners.settled(name, expected);
  }

  /** Its pods, those that are ending included. */
  pods(name = "prov"): Promise<LivePod[]> {
    return this.live.pods(provisionerName(name));
  }

  /** Waits until that many pods are there and ready, all of the newest template. */
  podsReady(name = "prov", replicas = 1): Promise<LivePod[]> {
    return this.live.rolledOut(provisionerName(name), replicas);
  }

  /** The key in its Secret, or in the one that the user brings. */
  async key(name = "prov"): Promise<string | undefined> {
    const { key } = (await this.provisioners.get(name))?.spec ?? {};
    const secret = key?.existingSecret || provisionerKeySecretName(name, key?.secretName);
    return await this.live.secretText(secret, key?.secretKey || "key");
  }

  /** The key of Coder that a value, such as the one in a Secret, signs in with; undefined where Coder knows none. */
  keyInCoder(value: string | undefined, home: CoderHome = this.coder): FakeProvisionerKey | undefined {
    return home.fake.state.provisionerKeys.find(({ secret }) => secret === value);
  }

  /** The key of Coder that a pod was started with; undefined where Coder has deleted it. */
  keyOfPod({ annotations }: LivePod, home: CoderHome = this.coder): FakeProvisionerKey | undefined {
    const checksum = annotations[CHECKSUM];
    return home.fake.state.provisionerKeys.find(({ secret }) =>
      checksum === h32(secret) || checksum === createHash("sha256").update(secret).digest("hex")
    );
  }

  /** Names of the keys that Coder has, oldest first. */
  keyNames(home: CoderHome = this.coder): string[] {
    return home.fake.state.provisionerKeys.map(({ name }) => name);
  }

  /**
   * What running pods would do: every ready pod whose key is good is a daemon in Coder, others are none any more. `busy`
   * says which of them work.
   */
  async daemonsConnect(
    name = "prov",
    { home = this.coder, busy = () => false }: { home?: CoderHome; busy?: (pod: LivePod) => boolean } = {},
  ): Promise<string[]> {
    const { state } = home.fake;
    const before = this.#daemons.get(name);
    const others = state.provisionerDaemons.filter((daemon) => !before?.has(daemon));
    state.provisionerDaemons.splice(0, Infinity, ...others);
    const connected = (await this.pods(name)).filter(({ ready }) => ready).flatMap((pod) => {
      const key = this.keyOfPod(pod, home);
      return key === undefined ? [] : [{ pod, key }];
    });
    const now = connected.map(({ pod, key }) => {
      const status = busy(pod) ? "busy" : "idle";
      const daemon = addDaemon(state, { name: pod.name, key_id: key.id, status, tags: key.tags });
      return Object.assign(daemon, { key_name: key.name, organization_id: key.organization });
    });
    this.#daemons.set(name, new Set(now));
    return connected.map(({ pod }) => pod.name);
  }
}
