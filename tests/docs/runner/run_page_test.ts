/** The runner on pages that are made for it, with all that pages can need. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { readPage } from "./page.ts";
import { nameOf, pagesOf, replaced, runPage, share } from "./test_pages.ts";

const ALL = `# All that a page can need

<!-- run: needs coderd installed -->
<!-- run: control-plane coder/coder -->
<!-- run: where https://example.com/deploy is deploy -->
<!-- run: setup
export DATABASE_URL="$CODER_DATABASE_URL"
-->

It is installed, and a control plane becomes ready:

<!-- run: file coder.yaml -->
\`\`\`yaml
apiVersion: coder.com/v1alpha1
kind: CoderControlPlane
metadata: { name: coder, namespace: coder }
spec:
  extraEnv:
    - name: CODER_PG_CONNECTION_URL
      valueFrom: { secretKeyRef: { name: coder-db, key: url } }
\`\`\`

\`\`\`sh
kubectl create namespace coder
kubectl -n coder create secret generic coder-db --from-literal=url="$DATABASE_URL"
kubectl apply -f coder.yaml
kubectl -n coder wait --for=condition=OperatorAccess codercontrolplane/coder --timeout=170s
\`\`\`

<!-- run: retry 170s -->
<!-- run: expect /^v2\\./ -->
\`\`\`sh
kubectl -n coder get codercontrolplane coder -o jsonpath='{.status.version}'
\`\`\`

<!-- run: retry 170s -->
<!-- run: expect No resources found -->
\`\`\`sh
kubectl -n coder get coderworkspaces
\`\`\`

<!-- run: expect v2. -->
\`\`\`sh
ls https://example.com/deploy/kustomization.yaml
coder-k8s --version
coder version
curl --silent --fail "\${MCP_URL%/mcp}/readyz"
\`\`\`

<!-- run: skip (needs a real cloud) -->
\`\`\`sh
aws eks create-cluster
\`\`\`
`;

Deno.test("a page with a Coder and the product installed runs", async (context) => {
  await runPage(readPage("all.md", ALL), context);
});

/** Steps of tests that have failed would fail these tests: their outcome is kept apart. */
function recording(): { context: Deno.TestContext; steps: string[] } {
  const steps: string[] = [];
  const step = async ({ name, ignore, fn }: Deno.TestStepDefinition) => {
    let outcome = ignore ? "ignored" : "ok";
    if (!ignore) {
      await Promise.resolve(fn({} as Deno.TestContext)).catch((error: Error) =>
        outcome = error.message.split("\n")[0]!
      );
    }
    steps.push(`${name}: ${outcome}`);
    return outcome === "ok";
  };
  return { context: { step } as unknown as Deno.TestContext, steps };
}

const NONE = "<!-- run: needs no-cluster -->";

Deno.test("after a block that fails no other is run, and what was made is torn down", async () => {
  const { context, steps } = recording();
  const text = [
    NONE,
    ...["```sh", "export A=1", "cd deploy", "```"],
    ...["<!-- run: skip (no cloud) -->", "```sh", "aws", "```"],
    ...["```sh", "ls base/kustomization.yaml", "false", "```"],
    ...["```sh", "echo never", "```"],
    ...["<!-- run: teardown", "ls deploy", "-->"],
  ].join("\n");
  await rejects(runPage(readPage("bad.md", text), context), /bad\.md: a block failed/);
  deepEqual(steps, [
    "line 2: export A=1 …: ok",
    "line 7: aws (skipped: no cloud): ignored",
    "line 10: ls base/kustomization.yaml …: line 10: it ended with exit code 1",
    "line 17: ls deploy (teardown): ok",
  ]);
});

Deno.test("what failed in the background fails the page in its end", async () => {
  const { context } = recording();
  const text = [
    NONE,
    ...[
      "<!-- run: background -->",
      "```sh",
      "while ! test -e go; do sleep 0.05; done; touch gone; false",
      "```",
    ],
    ...["```sh", "touch go; while ! test -e gone; do sleep 0.05; done; sleep 0.5", "```"],
  ].join("\n");
  await rejects(runPage(readPage("bad.md", text), context), /exit code 1/);
});

Deno.test("no page sees the settings of whoever runs it", async () => {
  const { context, steps } = recording();
  const text = [
    NONE,
    "```sh",
    'test -z "${KUBECONFIG:-}"; test ! -e ~/.kube; test -d charts || test -d deploy',
    "```",
  ].join("\n");
  await runPage(readPage("clean.md", text), context);
  equal(steps.length, 1);
});

Deno.test("texts stand for others, as they are", () => {
  equal(replaced("a $1 a\n", [{ from: "a", to: "$& b" }]), "$& b $1 $& b\n");
});

Deno.test("steps are named by what they do", () => {
  const [file, run] =
    readPage("x.md", "<!-- run: file a/b.yaml -->\n```yaml\na: 1\n```\n```sh\n# why\nls\n```").blocks;
  equal(nameOf(file!), "line 2: writes b.yaml");
  equal(nameOf(run!), "line 5: ls");
});

Deno.test("pages are those of a folder; lists of pages are none", () => {
  const pages = pagesOf("docs");
  equal(pages.includes("docs/mcp.md"), true);
  equal(pages.some((path) => /(index|README)\.md$/.test(path)), false);
  deepEqual(pagesOf("docs/nowhere"), []);
});

Deno.test("test files share all pages, each in one of them", () => {
  const pages = ["a", "b", "c", "d", "e"];
  deepEqual([1, 2, 3].map((number) => share(pages, number, 3)), [["a", "d"], ["b", "e"], ["c"]]);
});
