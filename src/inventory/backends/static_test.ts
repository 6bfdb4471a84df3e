import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import type { CopyListener } from "../live/types.ts";
import { ModelCoder, refusal } from "../testing/model_coder.ts";
import { staticBackends } from "./static.ts";

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
    open: () => coder.open(),
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

Deno.test("a token that Coder refuses is read again, and one that cannot be read is tried again", async () => {
  const clock = new FakeClock();
  const coder = new ModelCoder(clock);
  let opened = 0;
  let isMissing = true;
  const told = { workspace() {}, template() {}, complete() {}, addresses() {} };
  const backends = staticBackends({
    namespace: "a",
    open() {
      opened++;
      return isMissing ? Promise.reject(new Error("there is no file")) : coder.open();
    },
    listener: { changed() {}, listen: () => told },
    copy: { clock, jitter: 0 },
  });
  const [backend] = backends.list();
  const end = new AbortController();
  const running = backends.run(end.signal);
  await clock.advance(1_000);
  assert.match(String(backend?.copy.state("workspaces").trouble?.error), /there is no file/);
  isMissing = false;
  await clock.advance(60_000);
  assert.equal(backend?.copy.state("workspaces").trouble, undefined);
  const before = opened;
  await clock.advance(120_000);
  assert.equal(opened, before, "a token that is good is not read again");
  coder.failure = () => refusal("unauthorized", 401);
  await clock.advance(120_000);
  assert.ok(opened > before);
  end.abort();
  await settle();
  await running;
});
