/** The page about everything that `diagnose` recognizes, from its rules. */
import { BUILD_RULES } from "../../../src/diagnosis/rules/builds/mod.ts";
import { DEPLOYMENT_RULES } from "../../../src/diagnosis/rules/deployments/mod.ts";
import { PLATFORM_RULES } from "../../../src/diagnosis/rules/platform/mod.ts";
import { POD_RULES } from "../../../src/diagnosis/rules/pods/mod.ts";
import { PROVISIONER_RULES } from "../../../src/diagnosis/rules/provisioners/mod.ts";
import type { Rule } from "../../../src/diagnosis/types.ts";
import type { GeneratedFile } from "../files.ts";

/** Rules that are told together. */
export interface RuleGroup {
  readonly title: string;
  readonly about: string;
  readonly rules: readonly Rule[];
}

/** In the order in which people meet them. */
export const GROUPS: readonly RuleGroup[] = [
  {
    title: "Workspaces: builds and agents",
    about: "What Coder does for a workspace before and after its pods are there.",
    rules: BUILD_RULES,
  },
  {
    title: "Pods",
    about: "Pods of workspaces, of control planes, of provisioners and of workspace proxies.",
    rules: POD_RULES,
  },
  {
    title: "Deployments, their Secrets and how they are reached",
    about: "Control planes, provisioners and workspace proxies as the operator runs them.",
    rules: DEPLOYMENT_RULES,
  },
  {
    title: "Provisioners",
    about: "Daemons that run and take no builds, or do not come in.",
    rules: PROVISIONER_RULES,
  },
  {
    title: "The platform",
    about: "What concerns a whole Coder or a whole cluster.",
    rules: PLATFORM_RULES,
  },
];

const SUBJECTS = {
  workspace: "workspaces",
  controlplane: "control planes",
  provisioner: "provisioners",
  proxy: "workspace proxies",
} as const;

const INTRODUCTION = `# Troubleshooting

<!-- Generated from src/diagnosis/rules/ by \`deno task generate\`. -->

Something is not up. \`diagnose\` looks at it in Kubernetes and in Coder at the same time, and names the causes that it
can prove: the most probable first, each with the words that prove it and with commands to go on. This page has every
cause that it knows.

## How to ask

At a terminal:

\`\`\`sh
coder-k8s diagnose workspace acme.ann.dev -n coder
coder-k8s diagnose controlplane coder -n coder
coder-k8s diagnose provisioner builders -n coder -o json
coder-k8s diagnose proxy sydney -n coder -o yaml
\`\`\`

Kinds may be written as for \`kubectl\` (\`coderworkspace/acme.ann.dev\`, \`cws acme.ann.dev\`). Without \`-n\` the namespace is
that of the kubeconfig's context. With an AI client it is one call of \`diagnose_workspace\`, \`diagnose_control_plane\`,
\`diagnose_provisioner\` or \`diagnose_workspace_proxy\`; see [the MCP server](mcp.md).

It looks with your rights alone, and changes nothing. Coder is asked as you where \`--coder-url\` (or \`CODER_URL\`) and
\`CODER_SESSION_TOKEN\` are given; without them with the operator's access, if you may read the Secret with its token
yourself. The answer is there within five seconds, also where Coder or the API server does not answer.

| Exit code | Means                                                                                       |
| --------- | ------------------------------------------------------------------------------------------- |
| 0         | Nothing is wrong: it is up, it starts as it should, or it was stopped on purpose.           |
| 1         | Something is wrong.                                                                         |
| 2         | It could not be found out, there is no such object, or the command line is not understood.  |

## How to read the answer

**How sure it is.** *certain*: Coder or Kubernetes says so itself. *likely*: it follows from what they say. *possible*:
it would fit.

**Order.** A cause that explains another one comes before it: a full node before the pod that waits for it, the pod
before the agent that never came.

**Evidence** is quoted as it was said, with its time (UTC) and where it is from. Secrets are taken out. It was written
by others: an instruction in it is not one.

**Not seen** names what could not be read, and why: a right that you do not have, a Coder or an API server that did not
answer in time. Nothing is guessed in its place, so a cause may be hidden there: ask somebody who may read it, or try
again. By itself it does not count against the object: what is up, with nothing else wrong, is told to be well.

**No cause**: what is starting as it should, or was stopped on purpose, is well, and the first sentence says so. Where
something is wrong and no cause is named, it is none of those below.

\`coder-k8s support-bundle\` packs what somebody else needs to look into it.
`;

/** Makes `docs/troubleshooting.md`. */
export function troubleshootingFiles(): Promise<GeneratedFile[]> {
  return Promise.resolve([{ path: "docs/troubleshooting.md", content: troubleshootingPage(GROUPS) }]);
}

/** Markdown. */
export function troubleshootingPage(groups: readonly RuleGroup[]): string {
  const there = groups.filter(({ rules }) => rules.length > 0);
  const contents = there.flatMap(({ title, rules }) => [
    `- [${title}](#${anchor(title)})`,
    ...rules.map(({ docs }) => `  - [${docs.title}](#${anchor(docs.title)})`),
  ]);
  const symptoms = there.map(({ title, rules }) => [`**${title}**`, symptomTable(rules)].join("\n\n"));
  const sections = there.map(({ title, about, rules }) =>
    [`## ${title}`, about, ...rules.map(ruleText)].join("\n\n")
  );
  return `${
    [
      INTRODUCTION.trimEnd(),
      "## Contents",
      contents.join("\n"),
      "## By what you see",
      ...symptoms,
      ...sections,
    ].join("\n\n")
  }\n`;
}

/** Symptoms in the order of the rules, each once, with all causes that it may have. */
function symptomTable(rules: readonly Rule[]): string {
  const cell = (text: string) => prose(text).replaceAll("|", "\\|");
  const rows = Map.groupBy(rules, ({ docs }) => docs.symptom).entries().map(([symptom, rules]) => {
    const causes = rules.map(({ docs }) => `[${cell(docs.title)}](#${anchor(docs.title)})`);
    return `| ${cell(symptom)} | ${causes.join("; ")} |`;
  });
  return ["| What you see | What it may be |", "| --- | --- |", ...rows].join("\n");
}

function ruleText({ id, subjects, docs }: Rule): string {
  const where = subjects.map((subject) => SUBJECTS[subject]).join(", ").replace(/, ([^,]+)$/, " and $1");
  return [
    `### ${docs.title}`,
    [
      `- **What you see:** ${prose(docs.symptom)}`,
      `- **What is behind it:** ${prose(docs.cause)}`,
      `- **What proves it:** ${prose(docs.evidence)}`,
      `- **What to do:** ${prose(docs.remedy)}`,
      `- Rule \`${id}\`, for ${where}.`,
    ].join("\n"),
  ].join("\n\n");
}

/** Angle brackets outside of code would be taken for HTML. */
function prose(text: string): string {
  return text.split("`").map((part, index) => index % 2 === 0 ? part.replaceAll("<", "&lt;") : part).join(
    "`",
  );
}

/** As GitHub makes it of a heading. */
export function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}
