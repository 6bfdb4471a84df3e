/** Logs of builds, of a real Coder. */
import assert from "node:assert/strict";
import { StatusError } from "../../src/aggregated/serving/status_errors.ts";
import type { RequestContext, Subresource } from "../../src/aggregated/serving/storage.ts";
import { brokenTemplate, type Coderd, plainTemplate, sharedCoderd, uniqueName } from "../coder/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { gatedTemplate } from "../aggregated/gate.ts";
import { type RealRig, startRealRig } from "./real_rig.ts";

// deno-lint-ignore no-explicit-any -- of whichever kind
type Log = Subresource<any>;

/** Takes a log to its end, with the time of each piece. */
function follow(log: Log | undefined, name: string, query: string, context: RequestContext) {
  const heard = { text: "", begun: 0, pieces: [] as number[], over: undefined as number | undefined };
  const run = async () => {
    const { chunks } = await log!.stream!({ namespace: "lab", name }, new URLSearchParams(query), context);
    heard.begun = performance.now();
    for await (const chunk of chunks) {
      heard.text += chunk;
      heard.pieces.push(performance.now());
    }
    heard.over = performance.now();
    return heard;
  };
  return { heard, whole: run() };
}

const workspaceLog = ({ workspaces }: RealRig) => workspaces.subresources?.["log"];
const readOf = async (rig: RealRig, name: string, query = "") =>
  (await follow(workspaceLog(rig), name, query, rig.context()).whole).text;

/** What Coder itself has, as `output`s that are not empty. */
async function outputs(coderd: Coderd, path: string): Promise<string[]> {
  const { token } = await coderd.firstUser();
  const lines: { output: string }[] = await coderd.request("GET", `${path}/logs`, { token });
  return lines.map(({ output }) => output).filter((output) => output !== "");
}

Deno.test("the log of a build of a real Coder is followed to its end, and read afterwards", async () => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
  // Terraform may run as somebody else.
  await Deno.chmod(directory, 0o755);
  const gates = { start: `${directory}/start`, delete: `${directory}/delete` };
  const template = await coderd.createTemplate({ files: gatedTemplate(gates) });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const name = `coder.${username}.${uniqueName("log")}`;
  const { id, latest_build } = await coderd.createWorkspace({
    template,
    name: name.split(".")[2]!,
    noWait: true,
  });
  const { heard, whole } = follow(workspaceLog(rig), name, "follow=true", rig.context());
  await waitFor(() => heard.text.includes("==> "), { what: "the first stage", intervalMs: 50 });
  assert.equal(heard.over, undefined);
  await Deno.writeTextFile(gates.start, "");
  await coderd.waitForBuild(latest_build.id);
  await whole;
  assert.ok(heard.pieces.length > 1, "it came in one piece");
  const path = `/api/v2/workspacebuilds/${latest_build.id}`;
  const lines = heard.text.split("\n");
  for (const output of await outputs(coderd, path)) {
    assert.ok(lines.some((line) => line.endsWith(output.trim()) || output.includes(line)), output);
  }
  assert.match(heard.text, /^==> .*\n/);
  assert.match(heard.text, /Creation complete/);
  const polls = rig.sent.filter((line) => line === `GET ${path}/logs`).length;
  const seconds = (heard.over! - heard.begun) / 1_000;
  assert.ok(polls <= 2 * seconds + 4, `${polls} requests in ${seconds} s`);

  assert.equal(await readOf(rig, name), heard.text);
  assert.equal(await readOf(rig, name, "follow=true&build=1"), heard.text);
  assert.equal(rig.sent.filter((line) => line === `GET ${path}/logs`).length, polls, "it was read again");
  const tail = await readOf(rig, name, "tailLines=3&timestamps=true");
  assert.equal(tail.split("\n").length, 4);
  assert.match(tail, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
  await assert.rejects(readOf(rig, name, "build=2"), (error) => {
    return error instanceof StatusError && error.code === 404;
  });

  // A build that nobody has told us of, and then one that takes the workspace away.
  await coderd.buildWorkspace(id, "stop");
  const stopped = await waitFor(async () => {
    const text = await readOf(rig, name, "follow=true");
    // What Coder has said of it in the last half second is believed.
    return text !== heard.text && text;
  }, { what: "the log of the second build", intervalMs: 100 });
  assert.match(stopped, /^==> /);
  assert.equal(await readOf(rig, name, "build=1"), heard.text);
  const deletion = await coderd.request("POST", `/api/v2/workspaces/${id}/builds`, {
    token,
    body: { transition: "delete" },
  });
  const ending = follow(workspaceLog(rig), name, "follow=true", rig.context());
  await waitFor(() => ending.heard.text.includes("==> "), { what: "the deletion to begin" });
  await Deno.writeTextFile(gates.delete, "");
  const gone = (await ending.whole).text;
  await coderd.waitForBuild(deletion.id);
  assert.match(gone, /^==> /);
  assert.doesNotMatch(gone, /^---/m);
});

Deno.test("a build that somebody cancels is followed to its end", async () => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate({ seconds: 600 }) });
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const short = uniqueName("cancel");
  const name = `coder.${username}.${short}`;
  const { latest_build } = await coderd.createWorkspace({ template, name: short, noWait: true });
  const { heard, whole } = follow(workspaceLog(rig), name, "follow=true", rig.context());
  await waitFor(() => heard.begun > 0, { what: "the log" });
  await coderd.request("PATCH", `/api/v2/workspacebuilds/${latest_build.id}/cancel`, { token });
  await assert.rejects(coderd.waitForBuild(latest_build.id), /ended as (canceled|failed)/);
  await whole;
});

Deno.test("the log of a template is that of its import", async () => {
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  const name = uniqueName("log");
  const template = await coderd.createTemplate({ name, files: plainTemplate() });
  await assert.rejects(coderd.importVersion({ files: brokenTemplate(), template }));
  await using rig = await startRealRig({ url: coderd.url, token, pollMs: 2_000 });
  const log = rig.templates.subresources?.["log"];
  const { text } = await follow(log, `coder.${name}`, "follow=true", rig.context()).whole;
  assert.match(text, /^==> .*\n/);
  const wanted = await outputs(coderd, `/api/v2/templateversions/${template.active_version_id}`);
  assert.ok(wanted.length > 0);
  for (const output of wanted) assert.ok(text.includes(output.trim().split("\n")[0]!), output);
});
