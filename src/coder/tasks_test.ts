import assert from "node:assert/strict";
import type { z } from "zod";
import type { Call, CallSpec } from "./call.ts";
import { CoderApiError } from "./errors.ts";
import { taskCalls } from "./tasks.ts";

/** As coderd 2.30 answers it. */
const TASK = {
  id: "458e17ba-e854-430c-818b-e0168b017a1a",
  organization_id: "23a364ea-0c1b-472d-8151-c6e61b0da833",
  owner_id: "d5ad0b04-9da4-4aae-9fb6-c1511a21846e",
  owner_name: "owner",
  name: "hello",
  display_name: "Say hello",
  template_id: "76071c53-c712-450e-9cac-0427bca23b28",
  template_version_id: "86bac0d4-f0b5-4f8b-95b3-654e0961acde",
  template_name: "ai",
  workspace_id: "26e957c6-fc69-422e-896a-5a2d8714e345",
  workspace_name: "hello",
  workspace_status: "pending",
  workspace_build_number: 1,
  workspace_agent_id: null,
  initial_prompt: "say hello",
  status: "initializing",
  current_state: {
    timestamp: "2026-11-22T04:18:51.416309Z",
    state: "working",
    message: "Workspace is pending",
    uri: "",
  },
  created_at: "2026-11-22T04:18:51.384104Z",
  updated_at: "2026-11-22T04:18:51.385712Z",
};

/** Calls that are answered with these bodies, and what they were. */
function answering(...bodies: readonly unknown[]) {
  const asked: Pick<CallSpec<unknown>, "method" | "route" | "parameters" | "query" | "body">[] = [];
  const call = ((spec: CallSpec<unknown>) => {
    const { answer, ...rest } = spec;
    asked.push(rest);
    const body = bodies[asked.length - 1];
    if (body instanceof Error) return Promise.reject(body);
    return Promise.resolve(answer === undefined ? undefined : (answer as z.ZodType).parse(body));
  }) as unknown as Call;
  return { tasks: taskCalls(call), asked };
}

Deno.test("tasks are listed and found as Coder has them", async () => {
  const bare = { ...TASK, workspace_id: null, current_state: null, workspace_status: undefined };
  const { tasks, asked } = answering({ tasks: [TASK], count: 1 }, { tasks: null }, bare);
  const [task] = await tasks.list({ q: "owner:me" });
  assert.deepEqual([task?.name, task?.status, task?.current_state?.message], [
    "hello",
    "initializing",
    "Workspace is pending",
  ]);
  assert.deepEqual(await tasks.list(), []);
  assert.deepEqual((await tasks.find("me", "hello"))?.workspace_status, "");
  assert.deepEqual(asked, [
    { method: "GET", route: "/api/v2/tasks", query: { q: "owner:me" } },
    { method: "GET", route: "/api/v2/tasks", query: { q: undefined } },
    { method: "GET", route: "/api/v2/tasks/{user}/{task}", parameters: { user: "me", task: "hello" } },
  ]);
});

Deno.test("a task that is not there is none", async () => {
  const facts = { kind: "notFound", status: 404, call: { method: "GET", route: "/" } } as const;
  const { tasks } = answering(new CoderApiError("gone", facts));
  assert.equal(await tasks.find("me", "hello"), undefined);
});

Deno.test("tasks are made, told something, read and deleted", async () => {
  const entry = { id: 1, content: "hi", type: "output", time: "2026-11-22T04:18:51Z" };
  const { tasks, asked } = answering(TASK, TASK, undefined, { logs: [entry] }, { logs: null }, undefined);
  const version = TASK.template_version_id;
  await tasks.create("me", { versionId: version, input: "say hello" });
  await tasks.create("me", { versionId: version, input: "x", presetId: version, name: "hello" });
  await tasks.send("me", "hello", "go on");
  assert.deepEqual(await tasks.log("me", "hello"), [entry]);
  assert.deepEqual(await tasks.log("me", "hello"), []);
  await tasks.remove("me", "hello");
  assert.deepEqual(asked.map(({ method, route, body }) => [method, route, body]), [
    ["POST", "/api/v2/tasks/{user}", { template_version_id: version, input: "say hello" }],
    ["POST", "/api/v2/tasks/{user}", {
      template_version_id: version,
      input: "x",
      template_version_preset_id: version,
      name: "hello",
    }],
    ["POST", "/api/v2/tasks/{user}/{task}/send", { input: "go on" }],
    ["GET", "/api/v2/tasks/{user}/{task}/logs", undefined],
    ["GET", "/api/v2/tasks/{user}/{task}/logs", undefined],
    ["DELETE", "/api/v2/tasks/{user}/{task}", undefined],
  ]);
});
