import assert from "node:assert/strict";
import { NOTHING, type Shown, shownAfter } from "../state.ts";
import { LiveCluster, until, visitorOf, workspaceOf } from "../testing.ts";
import { ownSource } from "./own_source.ts";

function rig() {
  const live = new LiveCluster();
  let closes = 0;
  const source = ownSource({
    name: "lab",
    version: "1.2.3",
    visitor: visitorOf("", live.cluster),
    everything: live.cluster,
    redaction: {
      text: (text) => text.replaceAll("hunter2", "[redacted]"),
      value: (value) => JSON.parse(JSON.stringify(value).replaceAll("hunter2", "[redacted]")),
    },
    close: () => void closes++,
  });
  return { live, source, closes: () => closes };
}

Deno.test("somebody watches what they may see, without a server", async () => {
  const { live, source, closes } = rig();
  live.put(workspaceOf("a.ann.one", { ownerName: "hunter2" }));
  const abort = new AbortController();
  let shown: Shown = NOTHING;
  const ended = source.watch((told) => {
    if ("event" in told) shown = shownAfter(shown, told.event);
  }, abort.signal);
  await until(() => shown.sections.workspaces.isComplete, "the workspaces");
  assert.deepEqual(shown.hello?.sections, ["controlplanes", "workspaces", "builds", "provisioners", "jobs"]);
  assert.equal(shown.sections.workspaces.rows.get("lab/a.ann.one")?.owner, "[redacted]");
  live.put(workspaceOf("a.ann.two"));
  await until(() => shown.sections.workspaces.rows.size === 2, "the other one");
  abort.abort();
  await ended;
  source.close();
  await until(() => live.watchers === 0, "nobody to watch any more");
  assert.equal(closes(), 1);
});

Deno.test("who has left before it begins hears nothing", async () => {
  const { source } = rig();
  const told: unknown[] = [];
  await source.watch((one) => told.push(one), AbortSignal.abort());
  assert.deepEqual(told, []);
  source.close();
});

Deno.test("diagnoses and logs are made with the same rights, and without secrets", async () => {
  const { live, source } = rig();
  const at = "2026-11-22T04:00:00.000Z";
  live.put(
    workspaceOf("a.ann.dev", { latestBuild: { number: 2, transition: "start", completedAt: at } } as never),
  );
  live.log = `${at} it is hunter2\n`;
  const { signal } = new AbortController();
  const texts: string[] = [];
  for await (const lines of source.log({ namespace: "lab", workspace: "a.ann.dev" }, signal)) {
    texts.push(...lines.map(({ text }) => text));
  }
  assert.deepEqual(texts, ["it is [redacted]"]);
  await assert.rejects(
    source.diagnose({ kind: "controlplane", namespace: "lab", name: "none" }, signal),
    /there is no .*lab\/none/,
  );
  source.close();
});
