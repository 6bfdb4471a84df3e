/** The demo's scenes for AI clients and for people: why a workspace is not up, a sandbox, the page. */
import type { Cluster } from "../cluster/mod.ts";
import { serviceAccountUser } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { startProcess } from "../sessions/process.ts";
import { untilReady } from "../sessions/rig.ts";
import { apply } from "./changes.ts";
import type { Screen } from "./screen.ts";

/** What the scenes need of the demo. */
export interface AssistantsOptions {
  readonly cluster: Cluster;
  readonly out: Screen;
  /** Whose workspace it is. */
  readonly owner: string;
  /** Of the MCP server: `http://127.0.0.1:PORT`. */
  readonly server: string;
  /** Runs a kubectl command and shows both the command and its output. */
  show(args: readonly string[]): Promise<string>;
}

const API = "aggregation.coder.com/v1alpha1";
const ACCOUNT = { namespace: "coder", name: "assistant" } as const;
const scope = ["-n", "coder"];

/** A workspace that does not come up, and an AI client that asks why. */
export async function askWhy(options: AssistantsOptions): Promise<void> {
  const { cluster, out, owner, server, show } = options;
  out.title("An AI client asks why a workspace is not up");
  out.say("Somebody's template is wrong in a way that only a build shows:");
  await apply(cluster, out, ["apply", "--server-side", "-f", "-"], {
    apiVersion: API,
    kind: "CoderTemplate",
    metadata: { namespace: "coder", name: "coder.broken" },
    spec: {
      files: {
        "main.tf": `resource "terraform_data" "image" {
  provisioner "local-exec" {
    command = "echo 'no such image: registry.example.com/dev:13'; exit 1"
  }
}
`,
      },
    },
  });
  await show([...scope, "wait", "--for=condition=Ready", "codertemplate/coder.broken", "--timeout=240s"]);
  const name = `coder.${owner}.broken`;
  await apply(cluster, out, ["create", "-f", "-"], {
    apiVersion: API,
    kind: "CoderWorkspace",
    metadata: { namespace: "coder", name },
    spec: { templateName: "broken" },
  });
  const failed = "--for=jsonpath={.status.latestBuildStatus}=failed";
  await show([...scope, "wait", failed, `coderworkspace/${name}`, "--timeout=240s"]);
  out.say("A client of MCP is let in by a token of Kubernetes, and may do what that account may:");
  await show([...scope, "create", "serviceaccount", ACCOUNT.name]);
  await show([
    ...[...scope, "create", "rolebinding", ACCOUNT.name, "--clusterrole=admin"],
    `--serviceaccount=${ACCOUNT.namespace}:${ACCOUNT.name}`,
  ]);
  await untilAllowed(
    cluster,
    serviceAccountUser(ACCOUNT),
    ["get coderworkspaces", "all coderworkspaces/others"].map((right) => {
      const [verb = "", resource = ""] = right.split(" ");
      return { verb, group: "aggregation.coder.com", resource, namespace: ACCOUNT.namespace };
    }),
  );
  const token = await cluster.serviceAccountToken(ACCOUNT);
  await using client = await LATEST.connect({ url: `${server}/mcp`, token });
  const answer = await called(client, out, "diagnose_workspace", { namespace: "coder", name });
  const { causes } = answer as { causes: { cause: string; evidence: { quote: string }[] }[] };
  for (const { cause, evidence } of causes) {
    out.output([cause, ...evidence.map(({ quote }) => quote.trim().replace(/^/gm, "| "))].join("\n"));
  }
  if (!JSON.stringify(causes).includes("no such image")) {
    throw new Error(`the demo expected the reason of the failed build in ${JSON.stringify(answer)}`);
  }
  out.good("the cause, and the words of Terraform that prove it");
}

/** A tool's answer, which is shown as a question. */
async function called(
  client: ConnectedClient,
  out: Screen,
  name: string,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  out.call(name, input);
  const { isError, text, structured } = await client.call(name, input);
  if (isError || structured === undefined) throw new Error(`${name} said: ${text}`);
  return structured;
}

/** An agent runs a program where it can do no harm; no Kubernetes and no Coder is needed for that. */
export async function runInSandbox({ out }: Pick<AssistantsOptions, "out">): Promise<void> {
  out.title("An agent runs what it wrote, in a sandbox");
  out.say("`coder-k8s coordinator --embedded-worker` gives AI clients sessions on this machine.");
  await using coordinator = startProcess({
    args: [
      ...["coordinator", "--embedded-worker", "--bind-address=127.0.0.1:0", "--metrics-bind-address=0"],
      ...["--debug-bind-address=0", "--log-format=json"],
    ],
  });
  const url = `http://${await coordinator.address("MCP")}`;
  await untilReady(`${url}/healthz`, coordinator);
  await using client = await LATEST.connect({ url: `${url}/mcp` });
  const created = await client.call("session.create", { name: "demo" });
  if (created.isError) {
    // Without user namespaces, or without Python, nothing is run: that is what it is made for.
    out.output(created.text);
    return out.say("This machine cannot keep sessions apart, so none is given.");
  }
  const answer = await called(client, out, "run.python", { session: "demo", code: CODE });
  out.output(`${answer["stdout"]}${answer["stderr"]}`);
  if (!`${answer["stdout"]}`.startsWith("5050\n")) {
    throw new Error(`the demo expected 5050 in ${JSON.stringify(answer)}`);
  }
  await client.call("session.close", { session: "demo" });
  out.good("it ran in a session of its own, with files of its own");
}

const CODE = "import os; print(sum(range(101))); print('files:', os.listdir('.'), 'processes:', " +
  "sum(name.isdigit() for name in os.listdir('/proc')))";

/** Where people look; the page itself has no data, and asks with the token of whoever looks. */
export async function showPage({ out, server }: Pick<AssistantsOptions, "out" | "server">): Promise<void> {
  out.title("A page for people");
  const response = await fetch(`${server}/ui`);
  const page = await response.text();
  if (!response.ok || !/<title>[^<]*coder-k8s/i.test(page)) {
    throw new Error(
      `the demo expected the page at ${server}/ui, not ${response.status}: ${page.slice(0, 200)}`,
    );
  }
  out.say(`Open ${server}/ui and paste the token that this prints:`);
  out.command(`kubectl -n coder create token ${ACCOUNT.name}`);
}
