/** What the comments `<!-- run: … -->` of a page ask for. */

/** What can be asked for that a page's surroundings must have. */
export const NEEDS = ["coderd", "helm", "redis", "played", "installed", "no-cluster"] as const;
export type Need = typeof NEEDS[number];

/** One comment, understood. */
export type Marker =
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "background" }
  | { readonly kind: "fails" }
  | { readonly kind: "expect"; readonly pattern: RegExp; readonly text: string }
  | { readonly kind: "retry" | "timeout"; readonly milliseconds: number }
  | { readonly kind: "setup" | "teardown"; readonly script: string }
  | { readonly kind: "needs"; readonly needs: readonly Need[] }
  | { readonly kind: "control-plane"; readonly key: string }
  | { readonly kind: "where"; readonly from: string; readonly to: string };

/** Markers that belong to the fence after them; the others stand for themselves. */
export const OF_A_FENCE: ReadonlySet<Marker["kind"]> = new Set(
  ["skip", "file", "background", "fails", "expect", "retry", "timeout"] as const,
);
/** Markers that say what the page is run in; they stand before its first block. */
export const OF_THE_HEAD: ReadonlySet<Marker["kind"]> = new Set(["needs", "control-plane", "where"] as const);

const DURATION = /^(\d+)(s|m)$/;
const KEY = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * Reads what stands after `run:`.
 *
 * @throws {Error} in words for the writer of the page
 */
export function readMarker(text: string): Marker {
  const [, word = "", rest = ""] = /^\s*([a-z-]*)([\s\S]*)$/.exec(text) ?? [];
  const value = rest.trim();
  switch (word) {
    case "skip": {
      const [, reason = ""] = /^\((.+)\)$/s.exec(value) ?? [];
      if (reason.trim() === "") throw new Error("skip needs its reason: skip (needs a real cloud)");
      return { kind: "skip", reason: reason.trim() };
    }
    case "file":
      if (value === "" || /\s|^\/|(^|\/)\.\.(\/|$)/.test(value)) {
        throw new Error("file needs one path below the working directory: file coder.yaml");
      }
      return { kind: "file", name: value };
    case "background":
    case "fails":
      if (value !== "") throw new Error(`${word} takes nothing; ${JSON.stringify(value)} stands after it`);
      return { kind: word };
    case "expect":
      if (value === "") throw new Error("expect needs a text, or an expression between slashes");
      return { kind: "expect", pattern: patternOf(value), text: value };
    case "retry":
    case "timeout": {
      const [, count, unit] = DURATION.exec(value) ?? [];
      if (count === undefined) throw new Error(`${word} needs a duration such as 60s or 5m`);
      return { kind: word, milliseconds: Number(count) * (unit === "m" ? 60_000 : 1_000) };
    }
    case "setup":
    case "teardown":
      if (value === "") throw new Error(`${word} needs commands on the lines after it`);
      return { kind: word, script: value };
    case "needs":
      return { kind: "needs", needs: needsOf(value) };
    case "control-plane":
      if (!KEY.test(value)) throw new Error("control-plane needs namespace/name: control-plane coder/coder");
      return { kind: "control-plane", key: value };
    case "where": {
      const [, from, to] = /^(\S+) is (\S.*)$/.exec(value) ?? [];
      if (from === undefined || to === undefined) {
        throw new Error("where needs two texts: where oci://example.com/chart is charts/coder-k8s");
      }
      return { kind: "where", from, to };
    }
    default:
      throw new Error(`there is no marker ${JSON.stringify(word)}; tests/docs/README.md lists them`);
  }
}

function needsOf(value: string): Need[] {
  const words = value.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0) throw new Error(`needs takes one or more of ${NEEDS.join(", ")}`);
  return words.map((word) => {
    const need = NEEDS.find((one) => one === word);
    if (need === undefined) {
      throw new Error(`there is no ${JSON.stringify(word)} to need: say one of ${NEEDS.join(", ")}`);
    }
    return need;
  });
}

function patternOf(value: string): RegExp {
  const [, source] = /^\/(.+)\/$/s.exec(value) ?? [];
  if (source === undefined) return new RegExp(RegExp.escape(value));
  try {
    return new RegExp(source, "m");
  } catch (error) {
    throw new Error(`expect: ${error instanceof Error ? error.message : error}`);
  }
}
