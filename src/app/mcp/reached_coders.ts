/** The Coders of all control planes, for a process that keeps no copies of them: asked only when somebody asks. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { keyOf, keyText } from "../../api/object.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { eligibilityOf, readToken } from "../../inventory/mod.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Informer } from "../../kube/informer.ts";
import type { CoderBackend } from "../../mcp/coder/mod.ts";
import { readableControlPlane } from "../../operator/visit/control_plane_ref.ts";
import { coderAddress } from "../../operator/visit/reach.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { CoderAccess } from "../coder_calls.ts";
import type { KnownCoders } from "./coders.ts";

export interface ReachedCodersOptions {
  readonly controlPlanes: Pick<Informer<CoderControlPlane>, "list">;
  /** Reads Secrets with tokens. */
  readonly client: Pick<KubeClient, "get">;
  readonly coder: CoderAccess;
  readonly redactor: Pick<Redactor, "add">;
  /** How long a token that was read is good, in milliseconds. @default {60_000} */
  readonly tokenMs?: number;
  readonly clock?: Clock;
}

interface Opened {
  /** Of address and reference. */
  readonly identity: string;
  readonly client: Promise<CoderClient>;
  readonly until: number;
}

/** Makes it. */
export function reachedCoders(options: ReachedCodersOptions): KnownCoders {
  const { controlPlanes, client, coder, redactor, tokenMs = 60_000, clock = systemClock } = options;
  const opened = new Map<string, Opened>();
  const made = new WeakMap<CoderControlPlane, CoderBackend | undefined>();

  async function connect(object: CoderControlPlane, signal: AbortSignal): Promise<CoderClient> {
    const key = keyOf(object);
    const eligibility = eligibilityOf(object);
    const controlPlane = readableControlPlane(object);
    if (eligibility.state !== "eligible" || controlPlane === undefined) {
      throw new Error(`CoderControlPlane ${keyText(key)} gives no access now`);
    }
    const token = await readToken(client, eligibility.token, signal);
    redactor.add(token);
    return coder.deployments.client(keyText(key), coderAddress(key, controlPlane, coder.reach), token);
  }

  function open(object: CoderControlPlane): Promise<CoderClient> {
    const id = keyText(keyOf(object));
    const { url, operatorTokenSecretRef, operatorTokenName, operatorTokenExpires } = object.status ?? {};
    const identity = JSON.stringify([
      object.metadata.uid,
      url,
      operatorTokenSecretRef,
      operatorTokenName,
      operatorTokenExpires,
    ]);
    const known = opened.get(id);
    if (known?.identity === identity && clock.now() < known.until) return known.client;
    // Many may wait for it: none of them ends it.
    const entry = {
      identity,
      client: connect(object, AbortSignal.timeout(READ_MS)),
      until: clock.now() + tokenMs,
    };
    opened.set(id, entry);
    entry.client.catch(() => {
      if (opened.get(id) === entry) opened.delete(id);
    });
    return entry.client;
  }

  function backend(object: CoderControlPlane): CoderBackend | undefined {
    const eligibility = eligibilityOf(object);
    if (eligibility.state === "disabled" || eligibility.state === "skipped") return undefined;
    const controlPlane = keyOf(object);
    return {
      id: keyText(controlPlane),
      uid: object.metadata.uid ?? "",
      namespace: controlPlane.namespace,
      controlPlane,
      waiting: eligibility.state === "waiting" ? eligibility.message : undefined,
      // How people reach it, its Coder would have to be asked.
      copy: { addresses: { access: "", apps: "" }, state: () => ({}) },
      open: () => open(object),
    };
  }

  function list(): CoderBackend[] {
    const backends: CoderBackend[] = [];
    for (const object of controlPlanes.list()) {
      if (!made.has(object)) made.set(object, backend(object));
      const one = made.get(object);
      if (one !== undefined) backends.push(one);
    }
    return backends.sort((a, b) => a.id < b.id ? -1 : 1);
  }

  return { list, inNamespace: (namespace) => list().filter((one) => one.namespace === namespace) };
}

/** Of a Secret, in milliseconds. */
const READ_MS = 5_000;
