import assert from "node:assert/strict";
import { appUnhealthy as rule } from "./app_unhealthy.ts";
import { agent, assertQuiet, build, object, only, quotes, seen, steps } from "./testing.ts";

const SICK = agent({ apps: [{ slug: "code", health: "unhealthy" }, { slug: "docs", health: "healthy" }] });

Deno.test("an app that does not answer is named", () => {
  const found = only(rule, seen({ build: build({ agents: [SICK] }) }));
  assert.equal(found.cause, "The app code (agent main) fails its health check; the agent is connected.");
  assert.deepEqual(quotes(found), ["apps of build 4 in Coder, 2026-11-22T08:00:00Z: code: unhealthy"]);
  assert.match(steps(found)[0] ?? "", /\| coder ssh ann\/dev \| get_workspace_agents /);
});

Deno.test("several apps are one cause", () => {
  const apps = Array.from({ length: 8 }, (_, index) => ({ slug: `app-${index}`, health: "unhealthy" }));
  const found = only(rule, seen({ build: build({ agents: [agent({ apps })] }) }));
  assert.match(
    found.cause,
    /^The apps app-0 \(agent main\), .*app-5 \(agent main\) and 2 more fail their health checks/,
  );
});

Deno.test("the aggregated object tells it as well", () => {
  const agents = [{
    id: "1",
    name: "main",
    status: "connected",
    healthy: true,
    apps: [{ slug: "code", health: "unhealthy" }],
  }];
  assert.match(only(rule, seen({ workspace: object({ agents }) })).cause, /^The app code/);
});

Deno.test("nothing is said of apps whose agent is gone, or that are starting", () => {
  assertQuiet(
    rule,
    seen({ build: build({ agents: [{ ...SICK, status: "disconnected" }] }) }),
    seen({ build: build({ agents: [agent({ apps: [{ slug: "code", health: "initializing" }] })] }) }),
  );
});
