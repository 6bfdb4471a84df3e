/** `coder-k8s install` and `uninstall`: the cluster of a person, and the engine that changes it. */
import { InstallError } from "../install/apply/error.ts";
import { install, type Installed, type InstallRequest } from "../install/apply/install.ts";
import type { Say } from "../install/apply/say.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { type Remaining, uninstall, type UninstallRequest } from "../install/remove/uninstall.ts";
import { newIdentity } from "../kube/lease/lease_names.ts";
import type { Config } from "./config.ts";
import { ownLog, personAt } from "./person.ts";
import { buildInfo } from "./version.ts";

export type { Installed } from "../install/apply/install.ts";
export type { Say } from "../install/apply/say.ts";
export type { Remaining } from "../install/remove/uninstall.ts";

/** Either what came of it, or why nothing did or not all of it; the text is for people and has no secrets. */
export type Came<T> = { readonly result: T } | { readonly refusal: string };

/** What an installation is asked for; which version it is, and who asks, is known here. */
export type InstallAsked = Omit<InstallRequest, "version" | "holder">;
export type UninstallAsked = Omit<UninstallRequest, "now" | "holder">;

/** How it is run. */
export interface RunParts {
  readonly say: Say;
  readonly environment: Readonly<Record<string, string>>;
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends it between two steps; its reason is told. */
  readonly signal: AbortSignal;
}

/** Installs, or tells what that would do. */
export function installAt(config: Config, asked: InstallAsked, parts: RunParts): Promise<Came<Installed>> {
  const { version } = buildInfo();
  return atCluster(
    "install",
    config,
    parts,
    (client, holder, signal) => install(client, { ...asked, version, holder }, parts.say, signal),
  );
}

/** Removes an installation. */
export function uninstallAt(
  config: Config,
  asked: UninstallAsked,
  parts: RunParts,
): Promise<Came<Remaining>> {
  return atCluster(
    "uninstall",
    config,
    parts,
    (client, holder, signal) => uninstall(client, { ...asked, holder, now: Date.now }, parts.say, signal),
  );
}

async function atCluster<T>(
  command: "install" | "uninstall",
  config: Config,
  { say, environment, timeoutMs, signal }: RunParts,
  run: (client: KubeClient, holder: string, signal: AbortSignal) => Promise<T>,
): Promise<Came<T>> {
  const { log, redactor } = ownLog(config);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  // Before permissions are dropped: it names the machine.
  const holder = holderOf(environment, newIdentity());
  try {
    const person = await personAt(command, config, { log, redactor, environment }).catch((error: unknown) => {
      throw new InstallError(error instanceof Error ? error.message : String(error), { cause: error });
    });
    try {
      return { result: await run(person.client, holder, limited) };
    } catch (error) {
      if (error instanceof KubeConnectionError) {
        throw new InstallError(`${person.server} does not answer: ${error.message}`, { cause: error });
      }
      throw error;
    } finally {
      person.close();
    }
  } catch (error) {
    say.waiting(undefined);
    if (!(error instanceof InstallError || error instanceof KubeApiError || limited.aborted)) throw error;
    const interrupted = signal.aborted ? "interrupted; run it again to go on: " : "";
    const message = error instanceof Error ? error.message : String(error);
    return { refusal: redactor.text(`${interrupted}${message}`) };
  }
}

/** Who is at work, for others who have to wait: the user, the machine, and what no other process has. */
export function holderOf(environment: Readonly<Record<string, string>>, identity: string): string {
  const user = environment["USER"] || environment["LOGNAME"];
  return user ? `${user}@${identity}` : identity;
}
