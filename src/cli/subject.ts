/** What is asked about, as people and kubectl write it: `workspace NAME`, `coderworkspace/NAME`, `cws NAME`. */
import { AGGREGATION_GROUP } from "../api/aggregated.ts";
import { controlPlaneDefinition } from "../api/control_plane.ts";
import { provisionerDefinition } from "../api/provisioner.ts";
import { workspaceDefinition } from "../api/workspace.ts";
import { workspaceProxyDefinition } from "../api/workspace_proxy.ts";
import type { SubjectKind } from "../app/diagnose.ts";
import { SUBJECT_WORDS } from "./look_flags.ts";
import type { Mistake } from "./mistake.ts";
import { suggest } from "./suggest.ts";

interface Kind {
  readonly kind: SubjectKind;
  readonly words: readonly string[];
  readonly definition: {
    readonly resource: { readonly plural: string; readonly group: string; readonly version: string };
    readonly singular: string;
    readonly shortNames: readonly string[];
  };
}

const KINDS: readonly Kind[] = [
  { kind: "workspace", words: ["workspace", "workspaces"], definition: workspaceDefinition },
  {
    kind: "controlplane",
    words: ["controlplane", "controlplanes", "control-plane", "coder"],
    definition: controlPlaneDefinition,
  },
  { kind: "provisioner", words: ["provisioner", "provisioners"], definition: provisionerDefinition },
  {
    kind: "proxy",
    words: ["proxy", "proxies", "workspaceproxy", "workspace-proxy"],
    definition: workspaceProxyDefinition,
  },
];

/** Every spelling; kubectl takes any case, and the group and version behind the plural. */
const SPELLINGS: ReadonlyMap<string, SubjectKind> = new Map(
  KINDS.flatMap(({ kind, words, definition: { resource, singular, shortNames } }) => {
    const { plural, group, version } = resource;
    const full = [plural, singular].flatMap((one) => [one, `${one}.${group}`, `${one}.${version}.${group}`]);
    return [...words, ...full, ...shortNames].map((word) => [word, kind] as const);
  }),
);

/** Either both or mistakes. */
export interface NamedSubject {
  readonly kind?: SubjectKind | undefined;
  readonly name?: string | undefined;
  readonly mistakes: readonly Mistake[];
}

/** Reads the words behind the command. */
export function readSubject(words: readonly string[]): NamedSubject {
  const [first, ...rest] = words;
  const mistakes: Mistake[] = [];
  if (first === undefined) {
    return { mistakes: [{ where: "diagnose", what: `needs what to look at: ${listed} and a name` }] };
  }
  const slash = first.indexOf("/");
  const word = slash === -1 ? first : first.slice(0, slash);
  const [name, ...strays] = slash === -1 ? rest : [first.slice(slash + 1), ...rest];
  const kind = SPELLINGS.get(word.toLowerCase());
  if (kind === undefined) mistakes.push({ where: word, what: unknownKind(word) });
  if (name === undefined || name === "") mistakes.push({ where: word, what: "needs a name" });
  else if (!NAME.test(name)) {
    const example = kind === "workspace" ? " such as <organization>.<owner>.<workspace>" : "";
    mistakes.push({ where: name, what: `is not the name of an object${example}` });
  }
  mistakes.push(...strays.map((stray) => ({ where: stray, what: "stray argument after the name" })));
  return { kind, name, mistakes };
}

/** Names in Kubernetes, and of those that the aggregated API serves. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const listed = SUBJECT_WORDS.join(", ").replace(/, (\w+)$/, " or $1");

function unknownKind(word: string): string {
  if (word === `codertemplates.${AGGREGATION_GROUP}` || /^(?:coder)?templates?$|^ctpl$/i.test(word)) {
    return "cannot be diagnosed: a workspace of the template can";
  }
  const near = suggest(word.toLowerCase(), SPELLINGS.keys());
  return near === undefined
    ? `cannot be diagnosed; write ${listed}`
    : `is nothing known; did you mean ${near}?`;
}
