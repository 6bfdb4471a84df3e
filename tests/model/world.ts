/** What the worlds of provisioners and of workspace proxies have in common: control planes, tokens, and what users do to objects. */
import { type CoderControlPlane, CoderControlPlanes } from "../../src/api/control_plane.ts";
import { Namespaces, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { Secret } from "../../src/api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../src/api/object.ts";
import { USED_FROM } from "../../src/operator/visit/control_plane_ref.ts";
import type { Ground } from "./ground.ts";
import type { FakeUser } from "../fake-coder/state.ts";

/** Where objects of ours are. */
export const TEAM = "team";
/** Control planes: the name is that of their Coder. */
export const PLANES: Readonly<Record<string, ObjectKey>> = {
  a: { namespace: TEAM, name: "a" },
  b: { namespace: "elsewhere", name: "b" },
};

/** The name of the Coder behind the address of a control plane's Service. */
export function coderAt(url: string): string | undefined {
  const [name = ""] = new URL(url).hostname.split(".");
  return name in PLANES ? name : undefined;
}

/** Control planes with their Coders, as the operator's other half keeps them. */
export class Planes {
  readonly #owners = new Map<string, FakeUser>();

  constructor(readonly ground: Ground) {
    const { api, coders } = ground;
    for (const name of [TEAM, "elsewhere"]) {
      api.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, "user");
    }
    for (const [name, coder] of coders) {
      coder.license(true);
      this.#owners.set(name, coder.state.addUser({ username: "operator", password: "SomePassword1!" }));
      this.#create(name);
      this.renewToken(name);
      this.lookAtLicense(name);
    }
  }

  /** The object alone goes; its Coder and the operator's token stay. */
  remove(name: string): void {
    const { api } = this.ground;
    if (api.find(CoderControlPlanes, PLANES[name]!) !== undefined) {
      api.delete(CoderControlPlanes, PLANES[name]!, "user");
    }
  }

  /** Those that were removed are there again. */
  restore(): void {
    for (const name of this.ground.coders.keys()) {
      if (this.ground.api.find(CoderControlPlanes, PLANES[name]!) !== undefined) continue;
      this.#create(name);
      this.lookAtLicense(name);
    }
  }

  #create(name: string): void {
    const { api } = this.ground;
    const made = api.create(CoderControlPlanes, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { ...PLANES[name]!, annotations: { [USED_FROM]: TEAM } },
      spec: { image: "ghcr.io/coder/coder:v2.30.0" },
    }, "user");
    const status = {
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: `${name}-operator-token`, key: "token" },
    };
    const written = { ...made, status } as CoderControlPlane;
    api.update(CoderControlPlanes, written, "planes", { subresource: "status" });
  }

  /** The operator's token does not work any more. */
  revokeToken(name: string): void {
    this.ground.coder(name).state.keys.clear();
  }

  /** A token that works is in its Secret. */
  renewToken(name: string): void {
    const { state } = this.ground.coder(name);
    const token = state.addToken(this.#owners.get(name)!, { lifetime_seconds: 1e9 });
    const { namespace } = PLANES[name]!;
    putSecret(this.ground, { namespace, name: `${name}-operator-token` }, { token }, "planes");
  }

  /** The token in its Secret works. */
  hasToken(name: string): boolean {
    const { namespace } = PLANES[name]!;
    const token = secretText(this.ground, { namespace, name: `${name}-operator-token` }, "token") ?? "";
    return this.ground.coder(name).state.keys.has(token.split("-")[0] ?? "");
  }

  /** The control plane's status says what the licence allows. */
  lookAtLicense(name: string): void {
    const { clock } = this.ground;
    const isLicensed = this.ground.coder(name).isLicensed;
    this.say(name, {
      externalProvisionerDaemonsEntitlement: isLicensed ? "entitled" : "not_entitled",
      entitlementsLastChecked: clock.time(),
      licenseTier: isLicensed ? "premium" : "none",
    });
  }

  say(name: string, status: NonNullable<CoderControlPlane["status"]> | Record<string, unknown>): void {
    const { api } = this.ground;
    const live = api.find(CoderControlPlanes, PLANES[name]!);
    if (live === undefined) return;
    const next = { ...live, status: { ...live.status, ...status } } as CoderControlPlane;
    api.update(CoderControlPlanes, next, "planes", { subresource: "status" });
  }

  /** Coder is at another address. */
  move(name: string, port: number): void {
    const { api } = this.ground;
    const live = api.find(CoderControlPlanes, PLANES[name]!);
    if (live === undefined) return;
    api.update(CoderControlPlanes, { ...live, spec: { ...live.spec, service: { port } } }, "user");
  }

  /** All are there, and the operator has its way to them. */
  get areWell(): boolean {
    return [...this.ground.coders.keys()].every((name) => {
      const plane = this.ground.api.find(CoderControlPlanes, PLANES[name]!);
      return plane?.status?.operatorAccessReady === true && this.hasToken(name);
    });
  }

  /** All is as it should be. */
  heal(): void {
    this.restore();
    for (const [name, coder] of this.ground.coders) {
      coder.up = true;
      coder.license(true);
      if (!this.hasToken(name)) this.renewToken(name);
      this.say(name, { operatorAccessReady: true });
      this.lookAtLicense(name);
    }
  }
}

/** Text in a Secret; undefined where it is not there. */
export function secretText({ api }: Pick<Ground, "api">, key: ObjectKey, name: string): string | undefined {
  const encoded = api.find(Secrets, key)?.data?.[name];
  return encoded === undefined ? undefined : atob(encoded);
}

/** Creates or changes a Secret; other keys of its data stay. */
export function putSecret(
  { api }: Pick<Ground, "api">,
  key: ObjectKey,
  texts: Readonly<Record<string, string>>,
  by = "user",
): void {
  const data = Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, btoa(value)]));
  const live = api.find(Secrets, key);
  if (live === undefined) {
    const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata: { ...key }, data };
    api.create(Secrets, secret, by);
  } else {
    api.update(Secrets, { ...live, data: { ...live.data, ...data } }, by);
  }
}

/** Writes an object as a user does: what is there now, changed. Nothing where it is gone. */
export function change<T extends KubeObject>(
  { api }: Pick<Ground, "api">,
  type: ResourceType<T>,
  key: ObjectKey,
  edit: (live: T) => T,
): void {
  const live = api.find(type, key);
  if (live !== undefined) api.update(type, edit(structuredClone(live)), "user");
}

/** Sets an annotation; undefined takes it away. */
export function annotated<T extends KubeObject>(object: T, name: string, value: string | undefined): T {
  const { [name]: _, ...others } = object.metadata.annotations ?? {};
  const annotations = value === undefined ? others : { ...others, [name]: value };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export { keyOf };
