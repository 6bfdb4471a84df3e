/** `coder-k8s check`: can it be installed here, and does it work where it is. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import type { KubeObject } from "../api/object.ts";
import {
  type CheckReport,
  checkWorld,
  type CoderAnswer,
  deployment,
  DEPLOYMENTS,
  listOf,
  type Phase,
  runChecks,
} from "../install/check/mod.ts";
import { readableControlPlane } from "../operator/visit/control_plane_ref.ts";
import { coderAddress } from "../operator/visit/reach.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { coderAccess } from "./coder_calls.ts";
import type { Config } from "./config.ts";
import { ownLog, personAt, type PersonOptions } from "./person.ts";
import { buildInfo } from "./version.ts";

export type { CheckReport, Finding, Verdict } from "../install/check/mod.ts";
export { exitCodeOf } from "../install/check/mod.ts";

/** What is asked for. */
export interface CheckRequest {
  /** Absent: `after` where there is something of ours. */
  readonly phase?: Phase | undefined;
  /** Of the installation. */
  readonly namespace: string;
  /** What an installation consists of. */
  readonly objects: readonly KubeObject[];
}

export interface CheckOptions extends PersonOptions {
  /** Ends it; rejects with its reason. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
}

/** Nobody can be asked. The message says why. */
export class NoCheckError extends Error {
  override readonly name = "NoCheckError";
}

/** How long a Coder may take to say its version, in milliseconds. */
const CODER_MS = 5_000;

/** Without secrets, fit to be shown. @throws {NoCheckError} */
export async function checkAt(
  config: Config,
  { phase, namespace, objects }: CheckRequest,
  { signal, now = Date.now, ...options }: CheckOptions,
): Promise<CheckReport> {
  const person = await personAt("check", config, options).catch((error: unknown) => {
    throw new NoCheckError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  const { client, server, redaction } = person;
  const access = coderAccess({ config, client, metrics: noMetrics });
  const common = {
    client,
    namespace,
    objects,
    version: buildInfo().version,
    now: now(),
    signal,
    coder: answerOf,
  };

  async function answerOf(namespace: string, name: string, signal: AbortSignal): Promise<CoderAnswer> {
    try {
      const key = { namespace, name };
      const controlPlane = readableControlPlane(await client.get(CoderControlPlanes, key, { signal }));
      if (controlPlane === undefined) return { why: "its spec cannot be read" };
      const address = coderAddress(key, controlPlane, access.reach);
      const coder = access.deployments.client(`${namespace}/${name}`, address);
      const end = AbortSignal.any([signal, AbortSignal.timeout(CODER_MS)]);
      return { version: (await coder.system.buildInfo({ signal: end })).version };
    } catch (error) {
      signal.throwIfAborted();
      return { why: error instanceof Error ? error.message : String(error) };
    }
  }

  try {
    return redaction.value(
      await runChecks(
        checkWorld({ ...common, phase: phase ?? await phaseOf(checkWorld({ ...common, phase: "before" })) }),
        server,
        signal,
      ),
    );
  } finally {
    access.deployments.close();
    person.close();
  }
}

/** Where a Deployment of ours is, it is after; where nobody can say, before. */
async function phaseOf(world: ReturnType<typeof checkWorld>): Promise<Phase> {
  const reading = await world.read(DEPLOYMENTS, listOf(deployment));
  return reading.state === "seen" && reading.value.items.length > 0 ? "after" : "before";
}

/** The same with a log and a redactor of its own; `refusal` says why there is nothing to tell. */
export async function checkAndTell(
  config: Config,
  request: CheckRequest,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly report: CheckReport } | { readonly refusal: string }> {
  const { log, redactor } = ownLog(config);
  const { signal } = new AbortController();
  try {
    return { report: await checkAt(config, request, { signal, log, redactor, environment }) };
  } catch (error) {
    if (error instanceof NoCheckError) return { refusal: redactor.text(error.message) };
    throw error;
  }
}
