/** The ground of tests of whole workspace proxies: a real cluster, a fake Coder with a licence, and what tests ask of both. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  type WorkspaceProxySpecInput,
} from "../../src/api/workspace_proxy.ts";
import { workspaceProxyName, workspaceProxyTokenSecretName } from "../../src/workload/names.ts";
import type { FakeProxy } from "../fake-coder/state.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import { CustomObjects, type ExpectedConditions } from "../operator/custom_objects.ts";
import type { LivePod } from "../operator/live_objects.ts";
import { World, type WorldOptions } from "../operator/world.ts";

/** The route of the list of proxies, which proxies are made at, too. */
export const PROXIES_ROUTE = "/api/v2/workspaceproxies";
/** The route of a single proxy. */
export const PROXY_ROUTE = `${PROXIES_ROUTE}/{proxy}`;
/** The Secret with the credentials for `bootstrap`. */
export const CREDENTIALS = "proxy-admin";

/** See the file's head. */
export class ProxyRig extends World {
  readonly proxies = new CustomObjects<CoderWorkspaceProxy>(CoderWorkspaceProxies, this.live);
  readonly #administrators = new Map<CoderHome, string>();

  /** `await using` ends it. */
  static async start(prefix: string, options: WorldOptions = {}): Promise<ProxyRig> {
    const { live, kubeconfig } = await World.ground(prefix, options);
    const rig = new ProxyRig(live, kubeconfig);
    for (const coder of options.coders ?? [{}]) await rig.addCoder(coder);
    return rig;
  }

  /** Creates a proxy of the first control plane; the spec alone counts where it says itself where the proxy belongs. */
  proxy(
    name = "eu",
    spec: WorkspaceProxySpecInput = {},
    metadata: Partial<CoderWorkspaceProxy["metadata"]> = {},
  ): Promise<CoderWorkspaceProxy> {
    const belongs = spec.bootstrap ?? spec.controlPlaneRef ?? spec.proxySessionTokenSecretRef;
    const reference = belongs === undefined ? { controlPlaneRef: { name: this.coder.name } } : {};
    return this.proxies.create(name, { ...reference, ...spec }, metadata);
  }

  /** `spec.bootstrap` of a Coder, with an administrator's token in the Secret {@linkcode CREDENTIALS}. */
  async bootstrap(
    more: Partial<NonNullable<WorkspaceProxySpecInput["bootstrap"]>> = {},
    home: CoderHome = this.coder,
  ): Promise<NonNullable<WorkspaceProxySpecInput["bootstrap"]>> {
    const token = this.#administrators.get(home) ?? home.fake.state.addOwner("proxy-admin").token;
    this.#administrators.set(home, token);
    await this.live.putSecret(CREDENTIALS, { token });
    return { coderURL: home.fake.url, credentialsSecretRef: { name: CREDENTIALS }, ...more };
  }

  /** Waits until nothing is left to do, or until the conditions are as expected. */
  settled(name = "eu", expected?: ExpectedConditions): Promise<CoderWorkspaceProxy> {
    return this.proxies.settled(name, expected);
  }

  /** Its pods, those that are ending included. */
  pods(name = "eu"): Promise<LivePod[]> {
    return this.live.pods(workspaceProxyName(name));
  }

  /** Waits until that many pods are there and ready, all of the newest template. */
  podsReady(name = "eu", replicas = 1): Promise<LivePod[]> {
    return this.live.rolledOut(workspaceProxyName(name), replicas);
  }

  /** The token in the Secret that the operator keeps. */
  async token(name = "eu"): Promise<string | undefined> {
    const { bootstrap, registration } = (await this.proxies.get(name))?.spec ?? {};
    const override = (bootstrap ?? registration)?.generatedTokenSecretName;
    return await this.live.secretText(workspaceProxyTokenSecretName(name, override), "token");
  }

  /** Proxies that Coder has, the deleted ones left out. */
  registered(home: CoderHome = this.coder): FakeProxy[] {
    return home.fake.state.proxies.filter(({ deleted }) => !deleted);
  }

  /** The proxy of Coder that a token is of and works for. */
  registeredBy(token: string | undefined, home: CoderHome = this.coder): FakeProxy | undefined {
    return this.registered(home).find((proxy) => proxy.token === token);
  }

  /** What running pods would do: a proxy with a ready pod and a good token is well in Coder's eyes, others are not. */
  async proxiesCall(name = "eu", home: CoderHome = this.coder): Promise<FakeProxy["status"] | undefined> {
    const proxy = this.registeredBy(await this.token(name), home);
    if (proxy === undefined) return undefined;
    const isUp = (await this.pods(name)).some(({ ready }) => ready);
    if (isUp) proxy.status = "ok";
    else if (proxy.status !== "unregistered") proxy.status = "unreachable";
    return proxy.status;
  }
}
