/** Runs the aggregated API server: what it needs first, then requests, then an end in order. */
import type { ApiServer, CertificateSource } from "../../aggregated/serving/mod.ts";
import {
  type AuthenticationConfigSource,
  type SelfTestResult,
  testClientCertificates,
} from "../../identity/mod.ts";
import type { Backend, Backends } from "../../inventory/mod.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import type { BindAddress } from "../../telemetry/bind_address.ts";
import { type Clock, sleep, systemClock, whenAborted } from "../../telemetry/clock.ts";
import type { Health } from "../../telemetry/health.ts";

/** Something that runs as long as there is anything to serve, and has to be in sync before. */
export interface Beside {
  /** For people who wait for it. */
  readonly name: string;
  whenSynced(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface ServingOptions {
  readonly server: ApiServer;
  /** In sync before the first list of Coder is waited for. @default none */
  readonly beside?: readonly Beside[];
  readonly address: BindAddress;
  readonly certificate: CertificateSource;
  readonly authentication: AuthenticationConfigSource;
  readonly backends: Backends;
  readonly health: Health;
  /** How long everything is still answered after the stop was asked for, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** How long requests in hand may take after that, in milliseconds. */
  readonly graceMs: number;
  /** How long the first lists of Coders are waited for, in milliseconds. @default {15_000} */
  readonly firstListsMs?: number;
  /** @default {testClientCertificates} */
  readonly selfTest?: (options: { signal: AbortSignal }) => Promise<SelfTestResult>;
  readonly clock?: Clock;
}

const LOOK_MS = 50;

/** Adds the readiness check `aggregated-api`. */
export function aggregatedServer(options: ServingOptions): Runnable {
  const { server, address, certificate, authentication, backends, health, clock = systemClock } = options;
  const { selfTest = testClientCertificates, firstListsMs = 15_000, beside = [] } = options;
  let waitsFor = "the caches";
  health.add("readiness", "aggregated-api", () => waitsFor === "" ? "" : readinessTrouble(waitsFor));

  function readinessTrouble(what: string): string {
    const more = [authentication.trouble, certificate.trouble].filter((trouble) => trouble !== "");
    return [`waiting for ${what}`, ...more].join("; ");
  }

  async function prepare(signal: AbortSignal): Promise<void> {
    waitsFor = "the API server's authentication settings";
    await authentication.whenSynced(signal);
    waitsFor = "a serving certificate";
    await certificate.whenReady(signal);
    for (const part of beside) {
      waitsFor = part.name;
      await part.whenSynced(signal);
    }
    waitsFor = "the first lists of Coder";
    // An empty list of who has just started would be taken for the end of everything.
    const until = clock.now() + firstListsMs;
    while (clock.now() < until && backends.list().some(isUndecided)) await sleep(LOOK_MS, signal, clock);
  }

  return {
    name: "aggregated API server",
    phase: "synced",
    async run(signal) {
      await proveRuntime(selfTest, signal);
      const ended = new AbortController();
      const parts = [authentication, certificate, ...beside, backends].map((part) => part.run(ended.signal));
      try {
        await prepare(signal);
        signal.throwIfAborted();
        await server.listen(address);
        waitsFor = "";
        await whenAborted(signal);
        await server.drain({ delayMs: options.shutdownDelayMs, graceMs: options.graceMs });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await server.close();
        ended.abort();
        await Promise.all(parts);
      }
    },
  };
}

/** Throws where this runtime would take anybody for the API server, or for a trusted proxy. */
export async function proveRuntime(
  selfTest: NonNullable<ServingOptions["selfTest"]>,
  signal: AbortSignal,
): Promise<void> {
  const { passed, checks, runtime } = await selfTest({ signal });
  if (passed || signal.aborted) return;
  const failed = checks.filter((check) => !check.passed).map(({ name, detail }) => `${name} (${detail})`);
  throw new Error(
    `${runtime} does not verify client certificates as they must be, which would let anybody in: ` +
      `${failed.join("; ")}. Use the Deno that the project pins.`,
  );
}

/** Whether its Coder is asked, and neither of its kinds has been told or refused yet. */
function isUndecided({ waiting, copy }: Backend): boolean {
  if (waiting !== undefined) return false;
  return (["workspaces", "templates"] as const).some((kind) => {
    const { completeAt, trouble } = copy.state(kind);
    return completeAt === undefined && trouble === undefined;
  });
}
