/**
 * The way to the Coder of a control plane that another object names, with the operator's token. Provisioners and workspace
 * proxies share it, with one another and with the visits of the control plane itself: connections, request budget, and
 * what is remembered of tokens and deployments.
 */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { keyText, type ObjectKey } from "../../api/object.ts";
import { type CoderClient, CoderError, type DeploymentAddress, type Deployments } from "../../coder/mod.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Asker } from "../../workload/consent.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { generationOfPods } from "./controller.ts";
import {
  bareControlPlane,
  type ControlPlaneFinding,
  type ControlPlaneRef,
  findControlPlane,
  type FoundControlPlane,
  readableControlPlane,
} from "./control_plane_ref.ts";
import { visitFailure } from "./failure.ts";
import { coderAddress, type ReachOptions } from "./reach.ts";
import { readSecret, type SecretKey, type SecretValue, secretVersion } from "./secrets.ts";
import { SharedAnswers } from "./shared_answers.ts";

/** What the ways are made with. */
export interface ControlPlaneAccessOptions {
  /** Of Kubernetes. */
  readonly client: Pick<KubeClient, "get">;
  readonly kinds: Pick<WorkloadKinds, "controlPlanes" | "secrets" | "deployments">;
  readonly deployments: Pick<Deployments, "client">;
  readonly reach: ReachOptions;
  readonly redact: (text: string) => string;
  readonly keepSecret: (...secrets: string[]) => void;
  /** @default the wall clock */
  readonly now?: () => Date;
}

/** A Coder that can be asked now. */
export interface OpenCoder {
  readonly client: CoderClient;
  /** Names the credentials without telling them; changes with them. */
  readonly credentials: string;
  /** Where the token is: on record with what it makes, it is there to remove it with. */
  readonly tokenSecret: SecretKey;
  /**
   * Coder's own id, which stays when its address changes. Asked seldom; undefined while Coder does not tell. Rejects only
   * where the signal aborts.
   */
  deploymentId(signal: AbortSignal): Promise<string | undefined>;
}

/** The reasons of the Go operator, and one more for an address that somebody gave. */
export type AccessReason =
  | "OperatorAccessNotReady"
  | "OperatorTokenSecretRefMissing"
  | "OperatorTokenSecretRefInvalid"
  | "OperatorTokenSecretUnavailable"
  | "AddressInvalid";

/** What there is to open. */
export type Opened = Pick<FoundControlPlane, "key" | "controlPlane">;

/** State of the operator's token, for the condition `OperatorAccessReady`. */
export type OperatorAccess =
  | {
    readonly ready: true;
    readonly reason: "OperatorAccessReady";
    readonly message: string;
    readonly coder: OpenCoder;
  }
  | { readonly ready: false; readonly reason: AccessReason; readonly message: string };

/** What is on record of a Coder that something of ours is in. Those who can write a status can write this. */
export interface KeptReference {
  /** Undefined where the user brought address and credentials: see {@linkcode ControlPlaneAccess.openKept}. */
  readonly controlPlane?: ObjectKey | undefined;
  readonly url?: string | undefined;
  readonly tokenSecret?: {
    readonly namespace?: string | undefined;
    readonly name: string;
    readonly key?: string | undefined;
  } | undefined;
}

/** The way to a Coder on record. */
export type KeptWay =
  | { readonly way: "open"; readonly coder: OpenCoder }
  /** Not now. */
  | { readonly way: "closed"; readonly reason: string; readonly message: string }
  /** Never again: the control plane is gone, and no credentials are left. */
  | { readonly way: "gone"; readonly message: string };

/** See the file's head. */
export interface ControlPlaneAccess {
  /** Looks a reference up in the cache. */
  find(ref: ControlPlaneRef, asker: Asker): ControlPlaneFinding;
  /** The operator's token for it. Rejects only where the signal aborts. */
  open(found: Opened, signal: AbortSignal): Promise<OperatorAccess>;
  /**
   * Opens what is on record, for an object of `asker`'s namespace; whether it may still use the control plane does not
   * count, for what it made there has to go. Tokens are only ever sent where they belong: those of a control plane's
   * namespace to that control plane's Service or the address that the operator was given for it, those of the asker's
   * namespace to any address. Rejects only where the signal aborts.
   */
  openKept(kept: KeptReference, asker: Asker, signal: AbortSignal): Promise<KeptWay>;
  /** Forgets a control plane that is gone. */
  forget(controlPlane: ObjectKey): void;
}

/** How long a deployment's id is believed while its pods stay, in milliseconds. */
const ID_MS = 3_600_000;
/** How long a Coder that does not tell its id is left alone, in milliseconds. */
const ID_FAILURE_MS = 60_000;

/** Makes it. One for the process: what it remembers is what saves requests. */
export function controlPlaneAccess(options: ControlPlaneAccessOptions): ControlPlaneAccess {
  const { client, kinds, deployments, reach, redact, keepSecret } = options;
  const now = options.now ?? (() => new Date());
  const milliseconds = () => now().getTime();
  const tokens = new SharedAnswers<SecretValue>({ now: milliseconds });
  const ids = new SharedAnswers<string | undefined>({
    now: milliseconds,
    keepMs: ID_MS,
    keepFailureMs: ID_FAILURE_MS,
  });

  /** Throws what the API server refuses. */
  async function read(deployment: string, secret: SecretKey, signal: AbortSignal): Promise<SecretValue> {
    const version = secretVersion(kinds, secret.secret);
    const name = [deployment, keyText(secret.secret), secret.key].join("\n");
    // A Secret that the cache does not have is there the next moment, or in a namespace that is not watched.
    if (version === "") {
      tokens.forget((each) => each === name);
      return keep(await readSecret(client, secret, signal));
    }
    return await tokens.get(
      name,
      version,
      async (own) => keep(await readSecret(client, secret, own)),
      signal,
    );
  }

  function keep(read: SecretValue): SecretValue {
    if ("value" in read) keepSecret(read.value);
    return read;
  }

  /** Throws where the address cannot be used. */
  function openCoder(
    deployment: { name: string; key?: ObjectKey },
    address: DeploymentAddress,
    tokenSecret: SecretKey,
    token: string,
  ): OpenCoder {
    const { name, key } = deployment;
    const coder = deployments.client(name, address, token);
    return {
      client: coder,
      credentials: shortHash(["token", token]),
      tokenSecret,
      async deploymentId(signal) {
        const pods = key === undefined ? "" : generationOfPods(kinds.deployments.get(key));
        const ask = async (own: AbortSignal) => {
          const info = await coder.system.buildInfo({ signal: own, timeoutMs: 10_000 });
          return info.workspace_proxy || info.deployment_id === "" ? undefined : info.deployment_id;
        };
        try {
          return await ids.get(name, `${coder.address} ${pods}`, ask, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof CoderError) return undefined;
          throw error;
        }
      },
    };
  }

  async function open(
    { key, controlPlane }: Opened,
    signal: AbortSignal,
  ): Promise<OperatorAccess> {
    const no = (reason: AccessReason, message: string): OperatorAccess => ({ ready: false, reason, message });
    const what = `CoderControlPlane ${keyText(key)}`;
    const { operatorAccessReady, operatorTokenSecretRef: ref } = controlPlane.status;
    if (operatorAccessReady !== true) {
      const why = controlPlane.spec.operatorAccess.disabled
        ? "spec.operatorAccess.disabled is set"
        : "not yet";
      return no("OperatorAccessNotReady", `${what} must have status.operatorAccessReady=true: ${why}`);
    }
    if (ref === undefined) {
      return no("OperatorTokenSecretRefMissing", `${what} has no status.operatorTokenSecretRef`);
    }
    if (ref.name.trim() === "") {
      return no("OperatorTokenSecretRefInvalid", `status.operatorTokenSecretRef of ${what} names no Secret`);
    }
    const secret = { secret: { namespace: key.namespace, name: ref.name.trim() }, key: ref.key || "token" };
    let token: SecretValue;
    try {
      token = await read(keyText(key), secret, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { message } = visitFailure(error, redact);
      return no(
        "OperatorTokenSecretUnavailable",
        `Secret ${keyText(secret.secret)} cannot be read: ${message}`,
      );
    }
    if ("missing" in token) return no("OperatorTokenSecretUnavailable", token.message);
    try {
      const address = coderAddress(key, controlPlane, reach);
      const coder = openCoder({ name: keyText(key), key }, address, secret, token.value);
      const message = `The operator has a token for Coder of ${what}`;
      return { ready: true, reason: "OperatorAccessReady", message, coder };
    } catch (error) {
      return no("AddressInvalid", visitFailure(error, redact).message);
    }
  }

  /** With the very Secret that is on record; undefined where it holds nothing. Throws what the API server refuses. */
  async function openWith(
    deployment: { name: string; key?: ObjectKey },
    address: DeploymentAddress,
    secret: SecretKey,
    signal: AbortSignal,
  ): Promise<OpenCoder | undefined> {
    const token = await read(deployment.name, secret, signal);
    return "value" in token ? openCoder(deployment, address, secret, token.value) : undefined;
  }

  async function openControlPlane(
    key: ObjectKey,
    { url, tokenSecret }: KeptReference,
    signal: AbortSignal,
  ): Promise<KeptWay> {
    const object = kinds.controlPlanes.get(key);
    const controlPlane = object === undefined ? undefined : readableControlPlane(object);
    const access = controlPlane && await open({ key, controlPlane }, signal);
    if (access?.ready === true) return { way: "open", coder: access.coder };
    const isThere = object !== undefined || await exists(key, signal);
    const namespace = tokenSecret?.namespace || key.namespace;
    if (tokenSecret !== undefined && namespace === key.namespace) {
      const secret = { secret: { namespace, name: tokenSecret.name }, key: tokenSecret.key || "token" };
      const address = coderAddress(key, controlPlane ?? bareControlPlane(key, portOf(url)), reach);
      const coder = await openWith({ name: keyText(key), key }, address, secret, signal);
      if (coder !== undefined) return { way: "open", coder };
    }
    if (!isThere) {
      return { way: "gone", message: `CoderControlPlane ${keyText(key)} and its credentials are gone` };
    }
    const reason = access?.reason ?? "ControlPlaneUnavailable";
    const message = access?.message ?? `CoderControlPlane ${keyText(key)} is not known to the operator yet`;
    return { way: "closed", reason, message };
  }

  /** Asks the API server: what the cache does not have may be new, or in a namespace that is not watched. */
  async function exists(key: ObjectKey, signal: AbortSignal): Promise<boolean> {
    try {
      await client.get(CoderControlPlanes, key, { signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async function openOwn(
    { url = "", tokenSecret }: KeptReference,
    { namespace }: Asker,
    signal: AbortSignal,
  ): Promise<KeptWay> {
    const gone = (message: string): KeptWay => ({ way: "gone", message });
    if (tokenSecret === undefined || url === "") return gone("No address or credentials are on record");
    // Any other scheme is of our own making, and may go out with the operator's own rights.
    if (!URL.canParse(url) || !["http:", "https:"].includes(new URL(url).protocol)) {
      return gone(`${JSON.stringify(url)} is no http or https address`);
    }
    if ((tokenSecret.namespace || namespace) !== namespace) {
      return gone(`Secret ${tokenSecret.namespace}/${tokenSecret.name} is in another namespace`);
    }
    const secret = { secret: { namespace, name: tokenSecret.name }, key: tokenSecret.key || "token" };
    const coder = await openWith({ name: url }, { url }, secret, signal);
    // The user's own Secret may come back, and Coder is there as ever.
    if (coder !== undefined) return { way: "open", coder };
    const message = `Secret ${keyText(secret.secret)} has no token at key ${secret.key}`;
    return { way: "closed", reason: "CredentialsMissing", message };
  }

  return {
    find: (ref, asker) => findControlPlane(ref, asker, kinds.controlPlanes, reach.clusterDomain),
    open,
    async openKept(kept, asker, signal) {
      try {
        return kept.controlPlane === undefined
          ? await openOwn(kept, asker, signal)
          : await openControlPlane(kept.controlPlane, kept, signal);
      } catch (error) {
        signal.throwIfAborted();
        const { reason, message } = visitFailure(error, redact);
        return { way: "closed", reason, message };
      }
    },
    forget(key) {
      const name = keyText(key);
      ids.forget((each) => each === name);
      tokens.forget((each) => each.startsWith(`${name}\n`));
    },
  };
}

/** Of an address on record, nothing else is believed. */
function portOf(url: string | undefined): number | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, port } = new URL(url);
  // With TLS, plain HTTP is at the Service's own port, which is not known any more.
  return protocol === "http:" && port !== "" ? Number(port) : undefined;
}
