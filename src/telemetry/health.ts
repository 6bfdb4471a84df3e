/** Liveness and readiness: named checks, and the answers that the kubelet and people get. */

/** Returns why it fails; nothing or the empty string when all is well. Must be quick: it runs in the probe. */
export type HealthCheck = () => string | undefined | void;

export type Probe = "liveness" | "readiness";

/** One check's outcome. */
export interface CheckResult {
  name: string;
  /** Empty when the check passed. */
  trouble: string;
}

const PATHS: Readonly<Record<string, Probe>> = {
  healthz: "liveness",
  livez: "liveness",
  readyz: "readiness",
};

/**
 * The process' checks. Readiness is red from {@linkcode startDraining} on, whatever the checks say; liveness has
 * nothing to do with draining.
 */
export class Health {
  readonly #checks: Readonly<Record<Probe, Map<string, HealthCheck>>> = {
    liveness: new Map(),
    readiness: new Map(),
  };
  readonly #clean: (text: string) => string;
  #draining = false;

  /** `redact` cleans what checks say before it leaves the process. */
  constructor(options: { redact?: (text: string) => string } = {}) {
    this.#clean = options.redact ?? ((text) => text);
  }

  /** Adds a check; a name can be used once a probe. Returns the function that removes it. */
  add(probe: Probe, name: string, check: HealthCheck): () => void {
    const checks = this.#checks[probe];
    if (checks.has(name)) {
      throw new Error(`There is a ${probe} check named ${name} already. Choose another name.`);
    }
    checks.set(name, check);
    return () => void checks.delete(name);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Turns readiness red at once and for good. */
  startDraining(): void {
    this.#draining = true;
  }

  /** Runs the checks of a probe. One that throws has failed. */
  check(probe: Probe): CheckResult[] {
    const results = [...this.#checks[probe]].map(([name, check]) => ({ name, trouble: this.#run(check) }));
    if (probe === "readiness" && this.#draining) {
      results.unshift({ name: "shutdown", trouble: "shutting down" });
    }
    return results;
  }

  /** True where every check of the probe passes. */
  passes(probe: Probe): boolean {
    return this.check(probe).every(({ trouble }) => trouble === "");
  }

  /**
   * Answers `/healthz` (also `/livez`) and `/readyz`, with `?verbose`, `?exclude=<check>` and `/<check>` behind them as
   * the API server has it: 200 or 503, and on failure every check with its reason.
   */
  handler(request: Request): Response {
    const url = new URL(request.url);
    const [, path = "", ...rest] = url.pathname.split("/");
    const probe = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined;
    if (probe === undefined) return answer(request, 404, "not found: try /healthz or /readyz\n");
    if (request.method !== "GET" && request.method !== "HEAD") return answer(request, 405, "use GET\n");

    const only = decode(rest.join("/"));
    const excluded = new Set(url.searchParams.getAll("exclude"));
    let results = this.check(probe);
    if (only !== "") {
      results = results.filter(({ name }) => name === only);
      if (results.length === 0) return answer(request, 404, `there is no ${probe} check of this name\n`);
    }
    results = results.filter(({ name }) => !excluded.has(name));
    const passed = results.every(({ trouble }) => trouble === "");
    if (passed && !url.searchParams.has("verbose")) return answer(request, 200, "ok\n");
    const lines = results.map(({ name, trouble }) =>
      trouble === "" ? `[+]${name} ok` : `[-]${name} failed: ${trouble}`
    );
    lines.push(`${path} check ${passed ? "passed" : "failed"}`);
    return answer(request, passed ? 200 : 503, `${lines.join("\n")}\n`);
  }

  #run(check: HealthCheck): string {
    try {
      const trouble = check() ?? "";
      return trouble === "" ? "" : this.#clean(trouble);
    } catch (error) {
      return this.#clean(
        `the check itself failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function answer(request: Request, status: number, body: string): Response {
  return new Response(request.method === "HEAD" ? null : body, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-cache, private",
      "x-content-type-options": "nosniff",
    },
  });
}
