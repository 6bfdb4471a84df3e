/** What a Redis says of itself (`INFO`), and whether it will do. */

export interface ServerFacts {
  readonly version: string;
  /** Why it cannot be used; empty where it can. */
  readonly refusal: string;
  /** What may go wrong with it one day. */
  readonly warnings: readonly string[];
}

/** The oldest that is known to do: effects of scripts are replicated, and `SET` gives what was there. */
const OLDEST = [6, 2] as const;

/** @param info the reply to `INFO` */
export function serverFacts(info: string): ServerFacts {
  const found = new Map(
    info.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 1 || line.startsWith("#")
        ? []
        : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
  const version = found.get("redis_version") ?? "";
  return { version, refusal: refusalOf(found, version), warnings: [...warningsOf(found)] };
}

function refusalOf(found: ReadonlyMap<string, string>, version: string): string {
  const mode = found.get("redis_mode");
  if (mode === "sentinel") return "is a Sentinel: give the address of the primary itself";
  if (mode === "cluster" || found.get("cluster_enabled") === "1") {
    return "is a Redis Cluster, which is not supported: give a Redis without cluster mode";
  }
  if (found.get("role") === "slave") return "is a replica: give the address of the primary";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return version !== "" && isOld ? `is of version ${version}: ${OLDEST.join(".")} or later is needed` : "";
}

function* warningsOf(found: ReadonlyMap<string, string>): Iterable<string> {
  const policy = found.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction" && found.get("maxmemory") !== "0") {
    yield `it throws sessions away when its memory is full (maxmemory-policy ${policy}): set noeviction`;
  }
  if (found.get("aof_enabled") === "0") {
    yield "it may lose sessions when it is restarted (appendonly no): set appendonly yes";
  }
}
