/** The page about conditions, their reasons, and Events. */
import type { GeneratedFile } from "../files.ts";
import { type ConditionType, conditionTypesOf } from "./condition_types.ts";
import { banner, code, page, prose, table } from "./markdown.ts";
import { REASON_WORDS, TYPE_WORDS } from "./reason_words.ts";
import { reasonsOf, type Said } from "./reasons.ts";
import { bare, nodesOf, propertyOf, sourceFiles, textOf, ts } from "./source.ts";

const FOLDERS = [
  "src/operator",
  "src/workload",
  "src/controlplane",
  "src/provisioner",
  "src/workspaceproxy",
  "src/aggregated/convert",
];
/** Whose conditions a file is about. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^src\/controlplane\//, "CoderControlPlane"],
  [/^src\/(provisioner\/|workload\/provisioner)/, "CoderProvisioner"],
  [/^src\/workspaceproxy\//, "CoderWorkspaceProxy"],
  [/^src\/(operator|workload)\//, "All kinds of coder.com"],
  [/^src\/aggregated\/convert\/.*workspace/, "CoderWorkspace"],
  [/^src\/aggregated\/convert\/.*template/, "CoderTemplate"],
  [/./, "CoderWorkspace and CoderTemplate"],
];

/** An Event for the change of a condition. */
export interface ToldChange {
  readonly condition: string;
  readonly type: string;
  readonly reason: string;
  /** It became true; else it stopped being so. */
  readonly becomes: boolean;
}

/** `docs/reference/conditions.md`. */
export async function conditionFiles(root: string): Promise<GeneratedFile[]> {
  const files = await sourceFiles(root, FOLDERS);
  return [{
    path: "docs/reference/conditions.md",
    content: conditionsPage(conditionTypesOf(files), reasonsOf(files), toldChanges(files)),
  }];
}

/** The table of Events for changes of conditions. */
export function toldChanges(files: readonly ts.SourceFile[]): ToldChange[] {
  return files.flatMap((file) => [...nodesOf(file)]).flatMap((node) => {
    if (!ts.isObjectLiteralExpression(node)) return [];
    const condition = textOf(propertyOf(node, "type")) ?? "";
    return (["becomes", "ends"] as const).flatMap((when) => {
      const pair = propertyOf(node, when);
      const list = pair === undefined ? undefined : bare(pair);
      if (list === undefined || !ts.isArrayLiteralExpression(list)) return [];
      const [type, reason] = list.elements.map((element) => textOf(element) ?? "");
      return [{ condition, type: type ?? "", reason: reason ?? "", becomes: when === "becomes" }];
    });
  });
}

/** @throws {Error} where words are missing or left over */
export function conditionsPage(
  types: readonly ConditionType[],
  said: readonly Said[],
  told: readonly ToldChange[],
  words: { readonly types: typeof TYPE_WORDS; readonly reasons: typeof REASON_WORDS } = {
    types: TYPE_WORDS,
    reasons: REASON_WORDS,
  },
): string {
  const isEvent = ({ type }: Said) => type === "Normal" || type === "Warning";
  const changes = new Set(told.map(({ reason }) => reason));
  const reasons = said.filter((one) => !isEvent(one));
  const events = said.filter((one) => isEvent(one) && !(changes.has(one.reason) && one.message === ""));
  const unexplained = [
    ...Map.groupBy([...reasons, ...events], ({ reason, path }) => `${kindOf(path)} ${reason}`),
  ]
    .filter(([, all]) => all.every(({ message }) => message === "")).map(([, [one]]) => one!.reason);
  bothWays("a type of condition", types.map(({ type }) => type), words.types);
  bothWays("a reason without a message", unexplained, words.reasons);
  return page(
    "# Conditions and Events",
    banner("src/"),
    "Types and reasons are stable: alerts and scripts may rely on them. Messages are for people; `…` stands for what " +
      "differs. `kubectl describe` shows all of them.",
    "## Types of conditions",
    table(["Type", "Of", "True where"], typeRows(types, words.types)),
    groupedReasons(reasons, words.reasons),
    "## Events for changes of conditions",
    "Each change is told once, with the condition's message.",
    table(
      ["Event", "Type", "When"],
      told.map(({ condition, type, reason, becomes }) => [
        code(reason),
        type,
        `${code(condition)} ${becomes ? "becomes true" : "is true no more"}`,
      ]),
    ),
    "## Other Events",
    table(
      ["Event", "Type", "Of", "Message"],
      [...Map.groupBy(events, ({ reason, path }) => `${kindOf(path)} ${reason}`).values()]
        .toSorted((a, b) => a[0]!.reason < b[0]!.reason ? -1 : 1)
        .map((all) => [
          code(all[0]!.reason),
          distinct(all.map(({ type }) => type)).join(", "),
          kindOf(all[0]!.path),
          wordsFor(all, words.reasons),
        ]),
    ),
  );
}

function bothWays(what: string, wanted: readonly string[], words: Readonly<Record<string, string>>): void {
  const missing = distinct(wanted).filter((word) => words[word] === undefined).sort();
  const left = Object.keys(words).filter((word) => !wanted.includes(word));
  const problems = [
    ...(missing.length === 0 ? [] : [`nothing is said of ${what}: ${missing.join(", ")}`]),
    ...(left.length === 0 ? [] : [`words for ${what} that the sources have no more: ${left.join(", ")}`]),
  ];
  if (problems.length > 0) {
    throw new Error(`scripts/generate/reference/reason_words.ts: ${problems.join("; ")}`);
  }
}

function typeRows(types: readonly ConditionType[], words: Readonly<Record<string, string>>): string[][] {
  const byType = Map.groupBy(types, ({ type }) => type);
  return [...byType].toSorted(([a], [b]) => a < b ? -1 : 1).map(([type, all]) => {
    // The table of Events names types of single kinds, too.
    const kinds = distinct(
      all.filter(({ path }) => !path.endsWith("/transitions.ts")).map(({ path }) => kindOf(path)),
    );
    return [code(type), kinds.sort().join(", "), prose(words[type] ?? "")];
  });
}

function groupedReasons(reasons: readonly Said[], words: Readonly<Record<string, string>>): string[] {
  const titles = distinct(KINDS.map(([, kind]) => kind));
  return titles.flatMap((title) => {
    const own = reasons.filter(({ path }) => kindOf(path) === title);
    if (own.length === 0) return [];
    const rows = [...Map.groupBy(own, ({ reason }) => reason)].toSorted(([a], [b]) => a < b ? -1 : 1);
    return [
      `## Reasons: ${title}`,
      table(["Reason", "Message"], rows.map(([reason, all]) => [code(reason), wordsFor(all, words)])),
    ];
  });
}

function wordsFor(all: readonly Said[], words: Readonly<Record<string, string>>): string {
  const messages = distinct(all.map(({ message }) => message).filter((message) => message !== ""));
  return (messages.length === 0 ? [words[all[0]!.reason] ?? ""] : messages).map(prose).join("<br>");
}

function kindOf(path: string): string {
  return KINDS.find(([pattern]) => pattern.test(path))![1];
}

function distinct<T>(all: readonly T[]): T[] {
  return [...new Set(all)];
}
