/**
 * What kube-score and checkov find in rendered manifests, and what `deploy/lint.yaml` explains of it. (kube-linter is on
 * no registry that is reached from here: the Go proxy answers 403 for every version of it, under both of its names.)
 */
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { ensureGoProgram } from "../cluster/go_program.ts";
import { ensurePython, runPython } from "../cluster/python_environment.ts";
import { type Manifest, nameOf, templateOf } from "./variants.ts";

const HERE = new URL("./lint", import.meta.url).pathname;
const EXPLANATIONS = new URL("../../deploy/lint.yaml", import.meta.url).pathname;

/** Checks of kube-score that it does not do by itself. */
const MORE_CHECKS = ["container-ports-check", "container-seccomp-profile"];
/** The oldest that we support. */
const KUBERNETES = "v1.30";

export type Linter = "checkov" | "kube-score";

/** Objects that are installed together. */
export interface Manifests {
  /** For people. */
  readonly name: string;
  readonly objects: readonly Manifest[];
}

/** Something that a linter would have otherwise. */
export interface Finding {
  /** Of {@linkcode Manifests}. */
  readonly of: string;
  readonly tool: Linter;
  /** Its id. */
  readonly check: string;
  /** `Kind/namespace/name`, or `Kind/name`. */
  readonly object: string;
  readonly text: string;
}

const explanations = z.strictObject({
  explained: z.array(z.strictObject({
    tool: z.enum(["checkov", "kube-score"]),
    check: z.string().min(1),
    /** As in findings, with `*` for anything. */
    objects: z.array(z.string().min(1)).min(1),
    reason: z.string().min(20),
  })),
});

/** Why a finding stays. */
export type Explanation = z.output<typeof explanations>["explained"][number];

/** What is written in `deploy/lint.yaml`. */
export async function readExplanations(): Promise<readonly Explanation[]> {
  return explanationsOf(parse(await Deno.readTextFile(EXPLANATIONS)));
}

/** @throws where one does not say of what, or not why */
export function explanationsOf(file: unknown): readonly Explanation[] {
  return explanations.parse(file).explained;
}

/** Everything that both linters find, CRDs aside. */
export async function lint(all: readonly Manifests[]): Promise<Finding[]> {
  const folder = await Deno.makeTempDir();
  try {
    const files: Written[] = [];
    for (const [index, manifests] of all.entries()) {
      const objects = manifests.objects.filter(({ kind }) => kind !== "CustomResourceDefinition");
      const path = join(folder, `${index}.yaml`);
      await Deno.writeTextFile(path, objects.map((object) => stringify(object)).join("---\n"));
      files.push({ of: manifests.name, objects, path });
    }
    return [...await scored(files), ...await checked(files)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What nobody has explained, and which explanations explain nothing any more. */
export function judge(
  findings: readonly Finding[],
  explained: readonly Explanation[],
): { readonly unexplained: readonly Finding[]; readonly unused: readonly Explanation[] } {
  const used = new Set<Explanation>();
  const unexplained = findings.filter((finding) => {
    const why = explained.filter((explanation) => explains(explanation, finding));
    for (const one of why) used.add(one);
    return why.length === 0;
  });
  return { unexplained, unused: explained.filter((one) => !used.has(one)) };
}

function explains({ tool, check, objects }: Explanation, finding: Finding): boolean {
  return tool === finding.tool && check === finding.check &&
    objects.some((pattern) => matcher(pattern).test(finding.object));
}

function matcher(pattern: string): RegExp {
  const literal = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}

interface Written {
  readonly of: string;
  readonly objects: readonly Manifest[];
  readonly path: string;
}

const scores = z.array(z.object({
  type_meta: z.object({ kind: z.string() }),
  object_meta: z.object({ name: z.string(), namespace: z.string().optional() }),
  checks: z.array(z.object({
    check: z.object({ id: z.string() }),
    grade: z.number(),
    skipped: z.boolean(),
    comments: z.array(z.object({ path: z.string(), summary: z.string() })).nullable(),
  })),
}));

async function scored(files: readonly Written[]): Promise<Finding[]> {
  const program = await ensureGoProgram({
    name: "kube-score",
    title: "kube-score",
    moduleDir: join(HERE, "go"),
    goPackage: "github.com/zegl/kube-score/cmd/kube-score",
  });
  const more = MORE_CHECKS.map((name) => `--enable-optional-test=${name}`);
  const found: Finding[] = [];
  for (const { of, path } of files) {
    const args = ["score", "--output-format=json", `--kubernetes-version=${KUBERNETES}`, ...more, path];
    const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    // It exits with 1 where it finds anything: what it prints tells whether it worked.
    const text = new TextDecoder().decode(stdout);
    if (!text.startsWith("[")) throw new Error(`kube-score ${of}: ${new TextDecoder().decode(stderr)}`);
    for (const { type_meta, object_meta, checks } of scores.parse(JSON.parse(text))) {
      const object = nameOf({ kind: type_meta.kind, metadata: object_meta });
      for (const { check, grade, skipped, comments } of checks) {
        // 10 is the best, and also what has a remark at best.
        if (skipped || grade >= 10) continue;
        const remarks = (comments ?? []).map((comment) => `${comment.path} ${comment.summary}`.trim());
        found.push({ of, tool: "kube-score", check: check.id, object, text: remarks.join("; ") });
      }
    }
  }
  return found;
}

const checkovLine = z.object({
  path: z.string(),
  check: z.string(),
  text: z.string(),
  resource: z.string(),
});

async function checked(files: readonly Written[]): Promise<Finding[]> {
  const python = await ensurePython({
    name: "python-checkov",
    title: "Python with checkov",
    requirements: join(HERE, "requirements.txt"),
  });
  const script = join(HERE, "checkov_files.py");
  const said = await runPython(python, [script, ...files.map(({ path }) => path)], "the manifests are odd");
  return said.split("\n").filter((line) => line !== "").map((line) => {
    const { path, check, text, resource } = checkovLine.parse(JSON.parse(line));
    const { of, objects } = files.find((file) => file.path === path)!;
    return { of, tool: "checkov", check, object: objectOf(objects, resource), text };
  });
}

/** checkov says `Kind.namespace.name`, and of pods `Pod.namespace.name.label-value…` of what makes them. */
function objectOf(objects: readonly Manifest[], resource: string): string {
  const fitting = objects.filter((object) => {
    const { kind, metadata: { namespace = "default", name } } = object;
    const kinds = templateOf(object) === undefined ? [kind] : [kind, "Pod"];
    return kinds.some((one) => `${resource}.`.startsWith(`${one}.${namespace}.${name}.`));
  });
  const [longest] = fitting.toSorted((a, b) => b.metadata.name.length - a.metadata.name.length);
  return longest === undefined ? resource : nameOf(longest);
}
