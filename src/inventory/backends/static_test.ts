import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { CopyListener } from "../live/types.ts";
import { ModelCoder } from "../testing/model_coder.ts";
import { staticBackends, staticChoice, type StaticFlags, urlProblem } from "./static.ts";

const url = "https://coder.example.com";
const kindOf = (flags: StaticFlags) => staticChoice(flags).kind;

Deno.test("without address and token the server starts and serves nothing, whatever the namespace", () => {
  assert.equal(kindOf({}), "unconfigured");
  assert.equal(kindOf({ namespace: "a" }), "unconfigured");
  assert.equal(kindOf({ url: " ", token: "\n", namespace: " " }), "unconfigured");
});

Deno.test("one of address and token alone is a mistake", () => {
  for (const flags of [{ url }, { token: "t" }, { url, namespace: "a" }, { token: "t", namespace: "a" }]) {
    const choice = staticChoice(flags);
    assert.ok(choice.kind === "mistake" && choice.message.includes("give both or neither"));
  }
});

Deno.test("address and token without a namespace are a mistake", () => {
  const choice = staticChoice({ url, token: "t", namespace: " " });
  assert.ok(choice.kind === "mistake" && choice.message.includes("--coder-namespace"));
});

Deno.test("all three serve one deployment in one namespace", () => {
  assert.deepEqual(staticChoice({ url: ` ${url} `, token: " t\n", namespace: " a " }), {
    kind: "static",
    url,
    token: "t",
    namespace: "a",
  });
});

Deno.test("an address that is none is a mistake in every mode, and its secrets are not told", () => {
  for (const bad of ["coder.example.com", "ftp://coder", "http://", "https://user:hunter2@coder"]) {
    const problem = urlProblem(bad) ?? "";
    assert.ok(problem.startsWith("--coder-url: "), bad);
    assert.ok(!problem.includes("hunter2"));
    assert.equal(kindOf({ url: bad }), "mistake");
    assert.equal(kindOf({ url: bad, token: "t", namespace: "a" }), "mistake");
  }
  assert.equal(urlProblem("HTTP://coder:8080/base"), undefined);
});

Deno.test("the one deployment is kept up to date and shown in its namespace alone", async () => {
  const clock = new FakeClock();
  const coder = new ModelCoder(clock);
  coder.add("dev");
  coder.addTemplate("docker");
  const heard: string[] = [];
  const told: CopyListener = {
    workspace: ({ record }) => void heard.push(record.name),
    template: ({ record }) => void heard.push(record.name),
    complete: (kind) => void heard.push(`complete ${kind}`),
    addresses: ({ access }) => void heard.push(access),
  };
  const backends = staticBackends({
    namespace: "a",
    client: coder.client,
    listener: { changed: () => void heard.push("changed"), listen: () => told },
    copy: { clock },
  });
  assert.deepEqual([
    backends.list().length,
    backends.inNamespace("a").length,
    backends.inNamespace("b").length,
  ], [1, 1, 0]);
  const [backend] = backends.list();
  assert.deepEqual([backend?.namespace, backend?.naming, backend?.controlPlane], ["a", "Plain", undefined]);
  const end = new AbortController();
  const running = backends.run(end.signal);
  await clock.advance(1_000);
  assert.deepEqual(heard, [
    "changed",
    "https://coder.example.com",
    "docker",
    "complete templates",
    "dev",
    "complete workspaces",
  ]);
  coder.failure = () => new Error("down");
  await clock.advance(60_000);
  assert.notEqual(backend?.copy.state("workspaces").trouble, undefined);
  end.abort();
  await settle();
  await running;
});
