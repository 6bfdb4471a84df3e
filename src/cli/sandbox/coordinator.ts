/** `coder-k8s coordinator`: options → its configuration, with the rules that concern more than one of them. */
import type { CoordinatorConfig } from "../../app/sandbox/config.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import { formatDuration } from "../duration.ts";
import type { Mistake } from "../mistake.ts";
import { coderChecks, coderUrlOf, coderWarnings } from "./coder_options.ts";
import { callerChecks, chosenAuth } from "./coordinator_callers.ts";
import { COORDINATOR, type coordinatorTable } from "./coordinator_options.ts";
import { type Loaded, loadOptions } from "./load.ts";
import type { Values } from "./option.ts";
import type { ReadConfig, ReadSources } from "./read.ts";
import { workerPortChecks } from "./coordinator_workers.ts";
import { sandboxConfig } from "./sandbox_config.ts";
import { LIMITS, sandboxOptions } from "./common_options.ts";
import { sessionStoreChecks } from "../session_store.ts";
import { sessionStoreConfig, sessionStoreOptions } from "./session_store_options.ts";

type CoordinatorValues = Values<typeof coordinatorTable>;
type Found = Loaded<typeof coordinatorTable>;

/** Where records go with backend file and no path. */
const AUDIT_FILE = "/var/log/audit/coordinator.jsonl";
const GIBIBYTE = 2 ** 30;

/** Reads it. */
export async function readCoordinator(sources: ReadSources): Promise<ReadConfig<CoordinatorConfig>> {
  const found = await loadOptions(COORDINATOR, sources);
  const auth = chosenAuth(found.values);
  const { url: coderUrl } = coderUrlOf(found.values, auth, sources.environment);
  const values = withPorts({ ...found, values: { ...found.values, coderUrl } });
  const sandbox = sandboxConfig(values, sources.machine, sources.environment);
  const mistakes = [
    ...found.mistakes,
    ...callerChecks(values, auth, found.where),
    ...coderChecks(values, auth, found, sources.environment),
    ...workerPortChecks(values, found),
    ...portChecks(values, found),
    ...sessionChecks(values, found),
    ...sessionStoreChecks(values, found),
    ...auditChecks(values, found),
    ...(values.embeddedWorker === true ? sandbox.mistakes : sandboxWithoutWorker(values, found)),
  ];
  const notes = {
    warnings: [
      ...found.warnings,
      ...notUsed(found, sources.environment),
      ...openReports(values, found),
      ...coderWarnings(coderUrl, found.isGiven("coderUrl") ? found.where("coderUrl") : "CODER_URL"),
    ],
    unknownVariables: found.unknownVariables,
  };
  if (mistakes.length > 0) return { mistakes, notes };
  const all = values as CoordinatorValues;
  const config: CoordinatorConfig = {
    ...kept(all),
    ...sessionStoreConfig(all),
    bindAddress: all.bindAddress ?? { hostname: "127.0.0.1", port: 0 },
    auth,
    limits: sandbox.config.limits,
    checkpointBytes: all.checkpointBytes ?? (all.dataDir === undefined ? GIBIBYTE : 10 * GIBIBYTE),
    auditLog: auditLog(all),
    ...(all.embeddedWorker ? { embeddedWorker: sandbox.config } : {}),
  };
  return { config, mistakes, notes };
}

/** Of the file alone, or put together from several. */
const TAKEN = [
  "config",
  "embeddedWorker",
  "bindAddress",
  "auth",
  "checkpointBytes",
  "auditLog",
  "auditEnabled",
  "auditBackend",
  "auditFormat",
  "auditPath",
  "serverName",
  "serverVersion",
  "workerUrl",
] as const;
type Kept = Omit<
  CoordinatorValues,
  (typeof TAKEN)[number] | keyof typeof sandboxOptions | keyof typeof sessionStoreOptions
>;

/** The keys that are the configuration's as they are. */
function kept(values: CoordinatorValues): Kept {
  const others: readonly string[] = [
    ...TAKEN,
    ...Object.keys(sandboxOptions),
    ...Object.keys(sessionStoreOptions),
  ];
  return Object.fromEntries(
    Object.entries(values).filter(([key]) => !others.includes(key)),
  ) as unknown as Kept;
}

/** Ports whose default depends on what else is asked for. */
function withPorts({ values, isGiven }: Found): Partial<CoordinatorValues> {
  const off = (key: "metricsBindAddress" | "debugBindAddress" | "grpcBindAddress") =>
    values[key] === undefined || isGiven(key) ? {} : { [key]: null };
  // Sessions have a place without workers.
  const isEnough = values.embeddedWorker === true ||
    (values.coderUrl !== undefined && values.workerKeyFile === undefined);
  return {
    ...values,
    ...(values.stdio === true ? { ...off("metricsBindAddress"), ...off("debugBindAddress") } : {}),
    ...(isEnough ? off("grpcBindAddress") : {}),
  };
}

function* portChecks(values: Partial<CoordinatorValues>, { where, isGiven }: Found): Iterable<Mistake> {
  const { stdio, bindAddress } = values;
  if (stdio === false && bindAddress === null) {
    yield { where: where("bindAddress"), what: "cannot be 0 without --stdio: clients would have no way in" };
  }
  // $PORT is set by platforms for whatever runs on them.
  if (stdio === true && isGiven("bindAddress") && where("bindAddress") !== "PORT" && bindAddress !== null) {
    yield {
      where: where("bindAddress"),
      what: "does nothing with --stdio, which serves its one client alone",
    };
  }
}

function* sessionChecks(values: Partial<CoordinatorValues>, { where }: Found): Iterable<Mistake> {
  const { sessionMaxAge: age, sessionMaxTtl: longest } = values;
  if (age !== undefined && longest !== undefined && age > longest) {
    const limit = `${where("sessionMaxTtl")} (${formatDuration(longest)})`;
    yield { where: where("sessionMaxAge"), what: `must not be longer than ${limit}` };
  }
}

function* auditChecks(values: Partial<CoordinatorValues>, { where, isGiven }: Found): Iterable<Mistake> {
  const { auditBackend: backend } = values;
  if (isGiven("auditPath") && backend !== undefined && backend !== "file") {
    yield { where: where("auditPath"), what: "needs audit.backend file" };
  }
}

/** A flag or variable says it whole; else the file's section does. */
function auditLog(values: CoordinatorValues): string {
  if (values.auditLog !== undefined) return values.auditLog;
  if (!values.auditEnabled) return "off";
  const { auditPath: path, auditBackend: backend = path === undefined ? "stdout" : "file" } = values;
  if (backend === "stdout") return "-";
  return path?.endsWith("/") === true ? `${path}coordinator.jsonl` : path ?? AUDIT_FILE;
}

/**
 * What is said of sandboxes on this machine does nothing where there is none; limits are the coordinator's own, too. A file may
 * be shared with workers.
 */
function* sandboxWithoutWorker(
  values: Partial<CoordinatorValues>,
  { where, isGiven }: Found,
): Iterable<Mistake> {
  if (values.embeddedWorker !== false) return;
  for (const key of Object.keys(sandboxOptions) as (keyof typeof sandboxOptions)[]) {
    const isLimit = sandboxOptions[key].facts.group === LIMITS;
    if (isLimit || !isGiven(key) || !where(key).startsWith("--")) continue;
    yield { where: where(key), what: "does nothing without --embedded-worker; give it to coder-k8s worker" };
  }
}

/** Documented ways of others that have no meaning here. */
function* notUsed(
  { where, isGiven }: Found,
  environment: Readonly<Record<string, string>>,
): Iterable<string> {
  const dial =
    "is not used: workers dial the coordinator (coder-k8s worker --coordinator URL), and not the other way";
  if ((environment["WORKER_URL"] ?? "") !== "") yield `WORKER_URL ${dial}`;
  if (isGiven("workerUrl")) yield `${where("workerUrl")} ${dial}`;
  for (const key of ["serverName", "serverVersion"] as const) {
    if (isGiven(key)) yield `${where(key)} is not used: clients are told this program's own name and version`;
  }
}

function* openReports(values: Partial<CoordinatorValues>, { where }: Found): Iterable<string> {
  const { debugBindAddress: address } = values;
  if (!address || isLoopback(address.hostname)) return;
  yield `${
    where("debugBindAddress")
  }: whoever reaches ${address.hostname} can read the reports, so there are no snapshots ` +
    "of the heap; 127.0.0.1 has all (kubectl port-forward, ssh -L)";
}
