/** What kubectl says: its standard output, standard error and exit code, word by word. */
import { differenceOf, summaryOf } from "./compare.ts";
import type { Side, Twin, Twins } from "./twins.ts";

/** `{resource}` is the plural with its group; every command runs in the namespace of the twins. */
export interface KubectlCase {
  readonly run: string;
  /** What is given on standard input, with the same words. */
  readonly input?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** What is different, and why. */
  readonly differs?: string;
}

const run = (run: string, differs?: string): KubectlCase => ({
  run,
  ...(differs === undefined ? {} : { differs }),
});

export const KUBECTL_CASES: readonly KubectlCase[] = [
  run("get {resource}"),
  run("get {resource} a"),
  run("get {resource} a b"),
  run("get {resource}/a {resource}/none"),
  run("get {resource} none"),
  run("get {resource} none --ignore-not-found"),
  run("get gdt.{group}"),
  run("get gadget.{group} a"),
  run("get gadgets.v1alpha1.{group}"),
  run("get {resource} -o wide"),
  run("get {resource} a -o wide"),
  run("get {resource} -o name"),
  run("get {resource} a -o name"),
  run("get {resource} --no-headers"),
  run("get {resource} --show-labels"),
  run("get {resource} -L tier,n"),
  run("get {resource} --show-kind"),
  run("get {resource} -A"),
  run("get {resource} -A -o wide"),
  run("get {resource} -A --show-labels"),
  run("get {resource} -l tier=web"),
  run("get {resource} -l tier!=web"),
  run("get {resource} -l 'tier in (web,db)'"),
  run("get {resource} -l '!tier'"),
  run("get {resource} -l tier=none"),
  run("get {resource} -l n>5"),
  run("get {resource} --field-selector metadata.name=a"),
  run("get {resource} --field-selector spec.color=red"),
  run("get {resource} --field-selector spec.color!=red,spec.running=true"),
  run("get {resource} --sort-by .spec.color"),
  run("get {resource} --sort-by .metadata.name"),
  run("get {resource} --sort-by .spec.size"),
  run("get {resource} --sort-by .metadata.creationTimestamp"),
  run("get {resource} --chunk-size 2"),
  run("get {resource} --chunk-size 2 -A"),
  run("get {resource} --chunk-size 1 -l tier=web"),
  run("get {resource} --chunk-size 2 -o name"),
  run("get {resource} -o json"),
  run("get {resource} a -o json"),
  run("get {resource} a -o json --show-managed-fields"),
  run("get {resource} -o yaml"),
  run("get {resource} a -o yaml"),
  run("get {resource} -o jsonpath={.items[*].spec.color}"),
  run("get {resource} a -o jsonpath={.spec.size}"),
  run("get {resource} a -o go-template={{.spec.color}}"),
  run("get {resource} -o custom-columns=NAME:.metadata.name,SIZE:.spec.size"),
  run("get {resource} a --server-print=false"),
  run("get {resource} --server-print=false"),
  run("get {resource} --subresource=status a"),
  run("get {resource} -n none"),
  run("get {resource} a -n none"),
  run("get {resource} -n Not_A_Name"),
  run("get --raw {root}/namespaces/{ns}/gadgets/a"),
  run("get --raw {root}/namespaces/{ns}/gadgets/none"),
  run("describe {resource}"),
  run("describe {resource} a"),
  run("describe {resource} a b"),
  run("describe {resource} -l tier=web"),
  run("describe {resource} none"),
  run("describe {resource} --chunk-size 2"),
  run("wait {resource}/a --for=jsonpath={.status.phase}=Ready --timeout=30s"),
  run("wait {resource}/a --for=jsonpath={.status.phase}=Other --timeout=2s"),
  run("wait {resource}/a --for=jsonpath={.spec.color} --timeout=30s"),
  run("wait {resource} --all --for=jsonpath={.metadata.name} --timeout=30s"),
  run("wait {resource} -l tier=web --for=jsonpath={.spec.color}=red --timeout=30s"),
  run("wait {resource}/none --for=condition=Ready --timeout=2s"),
  run("wait {resource}/none --for=delete --timeout=2s"),
  run("wait {resource}/a --for=delete --timeout=2s"),
  run("wait {resource}/a --for=condition=Ready --timeout=2s"),
  run("api-resources --api-group={group}"),
  run("api-resources --api-group={group} -o name"),
  run("api-resources --api-group={group} --namespaced=true --no-headers"),
  run("api-resources --api-group={group} --namespaced=false"),
  run("api-resources --api-group={group} --categories=gadgetry"),
  run("api-resources --api-group={group} --verbs=list,watch"),
  run("explain {resource}.spec"),
  run("explain {resource}.spec --recursive"),
  run("explain {resource}.spec.color"),
  run("explain {resource}.spec.size"),
  run("explain {resource}.spec.parts"),
  run("explain {resource}.spec.tags"),
  run("explain {resource}.status.phase"),
  run("explain {resource}.status.usedAt"),
  run("explain {resource}.none"),
  run("explain {resource} --output=plaintext-openapiv2 --recursive"),
  run("explain {resource}", "what apiVersion, kind and metadata are is said in other words"),
  run(
    "explain {resource}.status.conditions",
    "conditions are a structure that all kinds share, and has its name",
  ),
  run("auth can-i get {resource}"),
  run("auth can-i list {resource} --as=nobody"),
  run("get {resource} --as=nobody"),
];

/** What was the same only when it was asked again is of the moment; more of it than so much is not. */
const MOST_FICKLE = 3;
const ATTEMPTS = 3;

/** Runs all on both sides; what is wrong, or nothing. Its last line names what failed first. */
export async function kubectlObjections(cases: readonly KubectlCase[], twins: Twins): Promise<string> {
  const objections: string[] = [];
  const failed: string[] = [];
  const fickle: string[] = [];
  for (const item of cases) {
    const { run, differs } = item;
    const { difference, attempts } = await differenceOfSides(
      item,
      differs === undefined ? ATTEMPTS : 1,
      twins,
    );
    if ((difference === "") === (differs === undefined)) {
      if (attempts > 1) fickle.push(run);
      continue;
    }
    failed.push(run);
    objections.push(
      differs === undefined
        ? `kubectl ${run}\n${difference}`
        : `kubectl ${run}: is equal, though it is said to differ: ${differs}`,
    );
  }
  if (fickle.length > MOST_FICKLE) {
    objections.push(`differ now and then:\n  ${fickle.join("\n  ")}`);
    failed.push(...fickle);
  }
  if (failed.length > 0) objections.push(summaryOf(failed));
  return objections.join("\n");
}

/**
 * kubectl has deadlines of its own, and the API server a discovery that groups of other tests come to and go from:
 * what differs is asked again, and is an objection where it differs every time.
 */
async function differenceOfSides(
  item: KubectlCase,
  most: number,
  twins: Twins,
): Promise<{ difference: string; attempts: number }> {
  for (let attempts = 1;; attempts++) {
    const [wanted, got] = await Promise.all([told(item, "crd", twins), told(item, "front", twins)]);
    const difference = differenceOf(wanted, got);
    if (difference === "" || attempts >= most) return { difference, attempts };
  }
}

/** All that kubectl says, in its normal form. */
export async function told(
  { run, input, env = {} }: KubectlCase,
  side: Side,
  { twins, cluster, namespace }: Twins,
): Promise<string> {
  const twin = twins[side];
  const words = run.match(/'[^']*'|\S+/g)!.map((word) => fillWords(word.replaceAll("'", ""), twin));
  const scope = /^(api-resources|explain|get --raw)| -n /.test(run) ? [] : ["-n", namespace];
  const { code, stdout, stderr } = await cluster.kubectl([...words, ...scope], {
    allowFailure: true,
    timeoutMs: 180_000,
    env,
    ...(input === undefined ? {} : { input: fillWords(JSON.stringify(input), twin) }),
  });
  return normalText(`${stdout}\n${withoutLog(stderr, twin)}\nexit code ${code}`, twin);
}

/** Lines of kubectl's libraries (`I1121 10:00:00.000000 …`: it waits, it is late) are none of what it says, but of us. */
function withoutLog(stderr: string, { group }: Twin): string {
  const isLog = (line: string) => /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ /.test(line);
  return stderr.split("\n").filter((line) => !isLog(line) || line.includes(group))
    .map((line) => isLog(line) ? line.replace(/^(.)\S+ \S+ +\d+ /, "$1 ") : line).join("\n");
}

function fillWords(text: string, { words }: Twin): string {
  return text.replaceAll("{resource}", `gadgets.${words.get("group")}`)
    .replace(/\{(group|root|ns)\}/g, (_, word) => words.get(word) ?? "");
}

/** Ages and versions go on; how wide a column is follows from them. */
export function normalText(text: string, { group }: Twin): string {
  return text.replaceAll(group, "GROUP")
    .replace(/(resourceVersion"?: ?"|Resource Version: +)\d+/g, "$1VERSION")
    .replace(/\b(\d+[smhdy])+(?=\s)/g, "AGE")
    .replace(/ +/g, " ").replace(/ $/gm, "");
}
