/** What kubectl does and says when it writes; and what comes of it, field by field. */
import { isDeepStrictEqual } from "node:util";
import { differenceOf, placesOf } from "./compare.ts";
import { type KubectlCase, told } from "./kubectl_cases.ts";
import { fill, type Side, type Twins } from "./twins.ts";

const gadget = (name: string, spec: object = { color: "red" }, metadata: object = {}) => ({
  apiVersion: "{group}/v1alpha1",
  kind: "Gadget",
  metadata: { name, ...metadata },
  spec,
});
const run = (run: string, input?: object, more: Partial<KubectlCase> = {}): KubectlCase => ({
  run,
  ...(input === undefined ? {} : { input }),
  ...more,
});
const WORDS = { differs: "rules are told in words of our own" };
const TYPES = { differs: "a value of the wrong type is a bad request, as of built-in kinds" };
const APPLIED = {
  differs: "what is applied against its schema is the caller's mistake (400), not the server's (500)",
};

const APPLY = "apply --server-side -f -";
const wide = { color: "red", size: 1, parts: { a: "1", b: "2" }, tags: ["x", "y"] };

/** One after the other: each finds what those before have left. */
export const KUBECTL_WRITES: readonly KubectlCase[] = [
  run("create -f -", gadget("a", wide, { labels: { tier: "web" } })),
  run("create -f -", gadget("a", wide)),
  run("create -f - --dry-run=server", gadget("none")),
  run("create -f - --dry-run=server -o json", gadget("none")),
  run("create -f - --validate=strict", gadget("none", { color: "red", colour: "red" })),
  run("create -f - --validate=true", gadget("none", { color: "red", colour: "red" })),
  run("create -f - --validate=warn", gadget("warned", { color: "red", colour: "red" })),
  run("create -f - --validate=ignore", gadget("ignored", { color: "red", colour: "red" })),
  run("create -f - --validate=strict", gadget("none", { color: 1 }), TYPES),
  run("create -f -", gadget("none", { color: "pink" })),
  run("create -f -", gadget("none", {})),
  run("create -f -", gadget("No_Name"), WORDS),
  run("create -f -", gadget("none", { color: "red" }, { labels: { "a b": "c d" } }), WORDS),
  run("create -f -", gadget("none", { color: "red" }, { namespace: "elsewhere" })),
  run("create -f - -o name", { ...gadget("", {}, { generateName: "made-" }), spec: { color: "red" } }),
  run("apply -f -", gadget("b", wide, { labels: { tier: "db" }, annotations: { note: "one" } })),
  run("apply -f -", gadget("b", wide, { labels: { tier: "db" }, annotations: { note: "one" } })),
  run("apply -f - --dry-run=server", gadget("b", { color: "blue" })),
  run("diff -f -", gadget("b", { color: "blue", parts: { a: "1" } })),
  run("diff -f -", gadget("b", wide, { labels: { tier: "db" }, annotations: { note: "one" } })),
  run("diff -f -", gadget("unmade")),
  run("diff --server-side --field-manager=kubectl-client-side-apply -f -", gadget("b", { color: "blue" })),
  run("apply -f -", gadget("b", { color: "blue", parts: { a: "1", c: "3" } }, { labels: { tier: "db" } })),
  run("apply -f -", gadget("b", { color: "pink" })),
  run("apply -f -", gadget("a", { color: "green" })),
  run("apply view-last-applied {resource} b"),
  run("get {resource} b -o yaml --show-managed-fields"),
  run(APPLY, gadget("c", wide)),
  run(APPLY, gadget("c", wide)),
  run(`${APPLY} --dry-run=server`, gadget("c", { color: "blue" })),
  run(`${APPLY} --field-manager=other`, gadget("c", { color: "blue", size: 1 })),
  run(`${APPLY} --field-manager=other --force-conflicts`, gadget("c", { color: "blue", size: 1 })),
  run(`${APPLY} --field-manager=other`, gadget("c", { size: 1 })),
  run(APPLY, gadget("c", { color: "red", parts: { a: "1" }, tags: ["y", "z"] })),
  run(APPLY, gadget("c", { size: 2, colour: "red" }), APPLIED),
  run(APPLY, gadget("c", { size: "big" }), APPLIED),
  run(`${APPLY} --dry-run=server`, gadget("unmade")),
  run("diff --server-side -f -", gadget("c", { color: "red", parts: { a: "2" } })),
  run("diff --server-side -f -", gadget("unmade")),
  run(APPLY, gadget("b", { color: "green", size: 5 })),
  run("get {resource} -o json --show-managed-fields"),
  run("label {resource} a tier=db"),
  run("label {resource} a tier=db --overwrite"),
  run("label {resource} a tier- more=1"),
  run("label {resource} a tier=db --dry-run=server"),
  run("label {resource} a more=not!good --overwrite"),
  run("label {resource} --all sweep=1"),
  run("label {resource} -l sweep=1 sweep-"),
  run("annotate {resource} a note='two' other=x"),
  run("annotate {resource} a note-"),
  run("annotate {resource} a big=1 --dry-run=server -o json"),
  run('patch {resource} a --type=merge -p {"spec":{"size":7,"parts":null}}'),
  run('patch {resource} a --type=merge -p {"spec":{"size":7}}'),
  run('patch {resource} a --type=json -p [{"op":"replace","path":"/spec/color","value":"blue"}]'),
  run(
    'patch {resource} a --type=json -p [{"op":"test","path":"/spec/color","value":"red"}]',
    undefined,
    WORDS,
  ),
  run('patch {resource} a --type=json -p [{"op":"remove","path":"/spec/none"}]', undefined, WORDS),
  run('patch {resource} a --type=merge -p {"spec":{"color":"pink"}}'),
  run('patch {resource} a --type=merge -p {"metadata":{"resourceVersion":"1"}}'),
  run('patch {resource} a --type=merge -p {"metadata":{"name":"other"}}'),
  run('patch {resource} none --type=merge -p {"spec":{}}'),
  run('patch {resource} a --type=merge -p {"spec":{"size":8}} --dry-run=server -o name'),
  run('patch {resource} a -p {"spec":{"size":9}} --dry-run=server', undefined, {
    differs: "strategic merge patches are taken here, and of custom resources not",
  }),
  run('patch {resource} a --type=merge -p {"spec":{"size":9}}'),
  run("replace -f -", gadget("a", { color: "green" })),
  run("replace -f -", gadget("unmade", { color: "green" })),
  run("edit {resource} a", undefined, { env: { KUBE_EDITOR: "sed -i s/blue/red/" } }),
  run("edit {resource} a", undefined, { env: { KUBE_EDITOR: "true" } }),
  run('patch {resource} c --type=merge -p {"metadata":{"finalizers":["x.test/a","plain"]}}'),
  run("delete {resource} c --dry-run=server"),
  run("delete {resource} c --wait=false"),
  run("delete {resource} c --wait=false"),
  run('patch {resource} c --type=merge -p {"metadata":{"finalizers":["x.test/b"]}}', undefined, WORDS),
  run(APPLY, gadget("c", { color: "red" })),
  run('patch {resource} c --type=merge -p {"metadata":{"finalizers":null}}'),
  run("delete {resource} c"),
  run("delete {resource} a b"),
  run("delete {resource} a --ignore-not-found"),
  run("delete {resource} -l tier=none"),
  run("delete {resource}/warned {resource}/none"),
  run("delete -f -", gadget("ignored")),
  run("delete {resource} ignored --now"),
  run("delete {resource} --all"),
  run("delete {resource} --all"),
  run("create -f - --as=nobody", gadget("none")),
  run(`${APPLY} --as=nobody`, gadget("none")),
  run("delete {resource} --all --as=nobody"),
];

/** For somebody who may read and patch, and nothing else: an apply that would create needs more. */
export const PATCHER_WRITES: readonly KubectlCase[] = [
  run("create -f -", gadget("there")),
  run(`${APPLY} --as=patcher`, gadget("missing")),
  run(`${APPLY} --as=patcher --force-conflicts`, gadget("there", { color: "blue" })),
  run("delete {resource} there --as=patcher"),
];

/** Runs all, one after the other, and looks after each at what there is, which never differs; what is wrong, or nothing. */
export async function writeObjections(cases: readonly KubectlCase[], twins: Twins): Promise<string> {
  const objections: string[] = [];
  for (const item of cases) {
    const [wanted, got] = await Promise.all([told(item, "crd", twins), told(item, "front", twins)]);
    const [there, here] = await Promise.all([stateOf("crd", twins), stateOf("front", twins)]);
    const { run, differs } = item;
    const [left, right] = [wanted, got].map((text) => withoutChance(inOneOrder(text)));
    const difference = differenceOf(left!, right!);
    if (differs === undefined && difference !== "") objections.push(`kubectl ${run}\n${difference}`);
    if (differs !== undefined && difference === "") {
      objections.push(`kubectl ${run}: is equal, though it is said to differ: ${differs}`);
    }
    if (!isDeepStrictEqual(there, here)) {
      objections.push([`after kubectl ${run}`, ...placesOf(there, here)].join("\n"));
    }
    if (objections.length >= 10) break;
  }
  return objections.join("\n");
}

/** All objects, without what is each side's own. */
async function stateOf(side: Side, { twins }: Twins): Promise<unknown> {
  const twin = twins[side];
  const { text } = await twin.caller.call({ path: fill("{here}", twin) });
  const { items } = JSON.parse(withoutChance(text.replaceAll(twin.group, "GROUP")));
  // deno-lint-ignore no-explicit-any -- whatever is there
  return items.map(({ metadata, ...rest }: any) => {
    const { uid: _uid, resourceVersion: _version, ...kept } = metadata;
    return { ...rest, metadata: { ...kept, managedFields: sorted(kept.managedFields) } };
  });
}

/**
 * Owners stand in the order of the seconds in which they wrote, and then of their names: where one second ends between two
 * writes on one side, and not on the other, the order is another.
 */
function sorted(managedFields: unknown[] = []): unknown[] {
  const text = (entry: unknown) => JSON.stringify(entry);
  return managedFields.toSorted((a, b) => text(a) < text(b) ? -1 : 1);
}

/** The same with what kubectl printed, where that is JSON. */
function inOneOrder(text: string): string {
  const end = text.lastIndexOf("\n}\n") + 2;
  if (!text.startsWith("{\n") || end < 2 || !text.includes('"managedFields"')) return text;
  const printed = JSON.parse(
    text.slice(0, end),
    (key, value) => key === "managedFields" ? sorted(value) : value,
  );
  return JSON.stringify(printed, undefined, 1) + text.slice(end);
}

/** Times, uids and made names are never the same. */
function withoutChance(text: string): string {
  return text.replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4}|Z)?/g, "TIME")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(/made-[a-z0-9]{5}/g, "made-*****")
    .replace(/\/tmp\/(LIVE|MERGED)-\d+/g, "/tmp/$1")
    .replace(/("?resourceVersion"?: ?"?)\d+/g, "$1VERSION")
    .replace(/kubectl-edit-\w+\.yaml/g, "kubectl-edit");
}
