/** The page in a real Chromium, under its policy: every section, live changes, breaks, hostile text. */
import assert from "node:assert/strict";
import { type Section, SECTIONS, type WatchEvent } from "../../src/ui/types.ts";
import { hello, SSE } from "./fake_server.ts";
import * as inPage from "./in_page.js";
import {
  escape,
  goTo,
  PageRig,
  painted,
  textOf,
  textsOf,
  until,
  untilAllRows,
  withPage,
} from "./page_rig.ts";
import { platform, rowsEvents, tellAll, workspace } from "./sample.ts";

const ALL = rowsEvents(platform(60, Date.now()));

/** One change of some rows. */
function change(section: Section, rows: readonly object[], removed: readonly string[] = []): WatchEvent {
  return { kind: "rows", section, rows, removed } as unknown as WatchEvent;
}

const names = "tbody .open";

Deno.test("the page shows every section as it is told, under its policy", async (t) => {
  await using rig = await PageRig.start();
  const platformPage = (run: Parameters<typeof withPage>[2]) =>
    withPage(rig, {}, async (server, page) => {
      server.opening = (watcher) => tellAll(watcher, [hello(), ...ALL]);
      await page.goto(server.url);
      await untilAllRows(page);
      await run(server, page);
    });

  await t.step(
    "the overview has a number for each section, and what is worth a look",
    () =>
      platformPage(async (_, page) => {
        await until(page, ".cards", /Workspaces 60 /);
        const cards = await textsOf(page, ".card h3");
        assert.deepEqual(cards, [
          "Control planes",
          "Workspaces",
          "Builds",
          "Provisioners",
          "Jobs",
          "Workers",
          "Sessions",
          "Tool calls",
        ]);
        const ill = await textOf(page, ".ill");
        for (
          const words of [
            "lab/edge",
            "coder/gpu",
            "worker-b",
            "main.dev5.project-5, build 3",
            "manifest|No pod is ready",
          ]
        ) {
          assert.match(ill, new RegExp(words));
        }
        assert.match(await textOf(page, "#link"), /^Live$/);
        assert.match(await textOf(page, "#version"), /^coder-k8s 1\.2\.3$/);
      }),
  );

  await t.step("each section has its rows, its heading and its title", () =>
    platformPage(async (_, page) => {
      for (const section of SECTIONS) {
        await goTo(page, section);
        const wanted = platform(60)[section].length;
        assert.equal(
          await page.evaluate(inPage.attribute, "table", "aria-rowcount"),
          String(wanted + 1),
        );
        assert.ok((await textsOf(page, names)).every((name) => name.length > 0));
        assert.equal(await page.title(), `${await textOf(page, "h2")} · coder-k8s`);
      }
      await page.goBack();
      await until(page, "h2", /^Sessions$/);
    }));

  await t.step(
    "counts by state are filters, words are searched for, columns sort",
    () =>
      platformPage(async (_, page) => {
        await goTo(page, "workspaces");
        await page.evaluate(inPage.clickOn, ".chip", "stopped");
        await until(page, ".found", /^\d+ workspaces found$/);
        assert.deepEqual(new Set(await textsOf(page, "tbody .state .state")), new Set(["○stopped"]));
        await page.type("#search", "python dev13");
        await until(page, ".found", /^1 workspace found$/);
        assert.deepEqual(await textsOf(page, names), ["main.dev13.project-13"]);
        await page.type("#search", " nowhere");
        await until(page, ".hint", /^Nothing matches\. Show all$/);
        await page.click(".hint button");
        await until(page, ".hint", /^$/);
        const first = (await textsOf(page, names))[0];
        await page.click('th[data-column="name"] button');
        assert.equal(
          await page.$eval('th[data-column="name"]', (one) => one.getAttribute("aria-sort")),
          "descending",
        );
        assert.notEqual((await textsOf(page, names))[0], first);
        await page.click('th[data-column="owner"] button');
        assert.equal(
          await page.$eval('th[data-column="name"]', (one) => one.getAttribute("aria-sort")),
          "none",
        );
      }),
  );

  await t.step(
    "rows come, change and go while one looks, and the rest stays what it is",
    () =>
      platformPage(async (server, page) => {
        await goTo(page, "workspaces");
        await page.evaluate(inPage.mark, "tbody tr");
        const row = { ...workspace(0), state: "failed" };
        server.send(change("workspaces", [row, { ...workspace(1), id: "new", name: "aaa" }], ["w2"]));
        await until(page, ".chips", /All 60 /);
        await until(page, "tbody", /aaa/);
        const shown = await textsOf(page, "tbody tr");
        assert.ok(shown.some((text) =>
          text.includes("main.dev0.project-0") && text.includes("failed") && text.includes("Diagnose")
        ));
        assert.ok(
          !shown.some((text) =>
            text.includes("main.dev2.project-2 ")
          ),
        );
        const kept = await page.evaluate(inPage.countMarked, "tbody tr");
        assert.equal(kept, shown.length - 1, "no other row was made anew");
        await goTo(page, "builds");
        server.send(
          change("builds", [{
            id: "b9",
            namespace: "coder",
            workspace: "main.ada.live",
            number: 1,
            transition: "start",
            state: "pending",
            startedAt: new Date().toISOString(),
            endedAt: "",
            message: "",
          }]),
        );
        await until(page, "tbody", /main\.ada\.live/);
        server.send(
          change("builds", [{
            id: "b9",
            namespace: "coder",
            workspace: "main.ada.live",
            number: 1,
            transition: "start",
            state: "running",
            startedAt: new Date().toISOString(),
            endedAt: "",
            message: "",
          }]),
        );
        await until(page, ".chips", /running 1/);
      }),
  );

  await t.step(
    "a problem is shown where it is, and goes when all is well",
    () =>
      platformPage(async (server, page) => {
        server.send({ kind: "problem", section: "jobs", message: "Coder does not answer" });
        await until(page, ".cards", /Coder does not answer/);
        await goTo(page, "jobs");
        await until(page, ".problem", /Coder does not answer/);
        server.send({ kind: "problem", section: "jobs", message: "" });
        await until(page, ".problem", /^$/);
        assert.equal((await textsOf(page, names)).length, 2, "what was known stays");
      }),
  );

  await t.step(
    "a diagnosis is made in place, with its causes and steps, or says why not",
    () =>
      platformPage(async (server, page) => {
        const asked: string[] = [];
        let answer = Response.json({
          summary: "No pod is ready.",
          causes: [{
            title: "The image cannot be pulled",
            why: "manifest unknown\nevent of pod",
            certainty: "certain",
            steps: ["Fix spec.image", "kubectl get pods"],
          }],
        });
        server.diagnosis = (url) => {
          asked.push(url.search);
          return answer;
        };
        await goTo(page, "controlplanes");
        await page.click("tbody tr[data-ill] .actions button");
        await until(
          page,
          ".diagnosis",
          /The image cannot be pulled certain .*manifest unknown event of pod What to do Fix spec\.image/,
        );
        assert.deepEqual(asked, ["?kind=controlplane&namespace=lab&name=edge"]);
        assert.match(await textOf(page, "#sheet"), /lab\/edge.*Conditions.*Stalled/);
        answer = Response.json({ error: { message: "no rights to read pods" } }, { status: 403 });
        await page.click(".diagnosis button");
        await until(page, ".diagnosis .problem", /could not be diagnosed.*no rights to read pods/);
        await page.click("#sheet-close");
        await page.waitForFunction(inPage.isPresent, {}, "#sheet[open]", false);
      }),
  );

  await t.step(
    "a build's log is followed to its end, and says where it broke off",
    () =>
      platformPage(async (server, page) => {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const writer = writable.getWriter();
        const tell = (event: string, data: unknown) =>
          writer.write(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        let asked = "";
        server.log = (url) => {
          asked = url.search;
          return new Response(readable, SSE);
        };
        await goTo(page, "builds");
        await page.click("tbody .actions button");
        void tell("line", { at: "", stage: "Planning", text: "\u001b[32mone\u001b[0m" });
        await until(page, ".log", /^Planning one$/);
        void tell("line", { at: "", stage: "Applying", text: "two <b>" });
        await until(page, ".log", /^Planning one Applying two <b>$/);
        void tell("end", { message: "" });
        await until(page, "#sheet-body", /The log has ended: 2 lines\./);
        assert.equal(asked, "?namespace=coder&workspace=main.dev7.project-7&build=12");
        server.log = () => new Response('event: end\ndata: {"message":"too long ago"}\n\n', SSE);
        await escape(page);
        await page.click("tbody .actions button");
        await until(page, "#sheet-body", /The log broke off: 0 lines\. too long ago Read it again/);
        await writer.close().catch(() => {});
      }),
  );

  await t.step("a log of any length stays readable", () =>
    platformPage(async (server, page) => {
      const lines = Array.from({ length: 12_000 }, (_, index) =>
        `event: line\ndata: ${JSON.stringify({ at: "", stage: "x", text: `line ${index}` })}\n\n`);
      server.log = () =>
        new Response(lines.join("") + "event: end\ndata: {}\n\n", SSE);
      await goTo(page, "builds");
      await page.click("tbody .actions button");
      await until(page, "#sheet-body", /12,000 lines, of which the last 5,000 are shown/);
      assert.equal(await page.$$eval(".log li", (all) => all.length), 5_000);
      await page.waitForFunction(inPage.isLogAtEnd);
    }));

  await t.step("what is open in the sheet goes on with its row", () =>
    platformPage(async (server, page) => {
      await goTo(page, "workspaces");
      await page.click(names);
      await until(page, "#sheet-body", /running/);
      server.send(change("workspaces", [{ ...workspace(0), state: "stopping" }]));
      await until(page, "#sheet-body", /stopping/);
      server.send(change("workspaces", [], ["w0"]));
      await until(page, "#sheet-body", /It is gone\. This is what was known last\..*stopping/);
    }));
});

Deno.test("the page outlives what happens to the server", async (t) => {
  await using rig = await PageRig.start();

  await t.step(
    "sections that are empty say what to do, and none is shown that the server has not",
    () =>
      withPage(rig, {}, async (server, page) => {
        server.opening = (watcher) =>
          tellAll(watcher, [
            hello("ada", ["workers", "sessions"]),
            ...rowsEvents({ workers: [], sessions: [] }),
          ]);
        await page.goto(`${server.url}#workspaces`);
        await until(page, "h2", /^Overview$/);
        await until(page, "#page", /all that is shown here is well/);
        assert.deepEqual(await textsOf(page, "#sections .name"), ["Overview", "Workers", "Sessions"]);
        await goTo(page, "workers");
        await until(page, ".hint", /Start one: coder-k8s worker/);
      }),
  );

  await t.step(
    "rows that are on their way are announced, and shown as they come",
    () =>
      withPage(rig, {}, async (server, page) => {
        const events = rowsEvents({ workspaces: platform(20).workspaces }, 10);
        server.opening = (watcher) => watcher.send(hello());
        await page.goto(`${server.url}#workspaces`);
        await until(page, ".hint", /^Loading…$/);
        server.send(events[0] as WatchEvent);
        await until(page, ".hint", /^More is on its way…$/);
        assert.equal((await textsOf(page, names)).length, 10);
        server.send(events[1] as WatchEvent);
        await until(page, ".hint", /^$/);
        assert.equal((await textsOf(page, names)).length, 20);
      }),
  );

  await t.step(
    "a connection that breaks is said, what is shown is grey, and it comes back by itself",
    () =>
      withPage(rig, {}, async (server, page) => {
        server.opening = (watcher) => tellAll(watcher, [hello(), ...ALL]);
        await page.goto(`${server.url}#workspaces`);
        await until(page, "#link", /^Live$/);
        server.refuse = () =>
          Response.json({ error: { message: "it is being replaced" } }, {
            status: 503,
            headers: { "retry-after": "120" },
          });
        for (const watcher of server.watchers) {
          watcher.raw('event: end\ndata: {"message":"this server ends: come again"}\n\n');
        }
        await until(
          page,
          "#link",
          /^Not connected\. The server cannot answer just now\. It says: it is being replaced$/,
        );
        await until(page, "#link-wait", /^Trying again in \d+ s$/);
        assert.ok(await page.$eval("#page", (one) => one.classList.contains("stale")));
        assert.ok((await textsOf(page, names)).length > 10, "what was shown stays");
        server.refuse = () => undefined;
        server.opening = (watcher) =>
          tellAll(watcher, [
            hello(),
            ...rowsEvents({ ...platform(60, Date.now()), workspaces: [workspace(3)] }),
          ]);
        await page.click("#link-now");
        await until(page, "#link", /^Live$/);
        await until(page, ".chips", /^All 1 /);
        assert.ok(!await page.$eval("#page", (one) => one.classList.contains("stale")));
      }),
  );

  await t.step(
    "a server that is not there when the page is opened is waited for",
    () =>
      withPage(rig, {}, async (server, page) => {
        server.opening = (watcher) => tellAll(watcher, [hello(), ...ALL]);
        server.refuse = () => new Response(null, { status: 502 });
        await page.goto(server.url);
        await until(page, "#link", /^Not connected\./);
        server.refuse = () => undefined;
        await until(page, "#link", /^Live$/);
      }),
  );

  await t.step(
    "who may not see this is told so, and may try again",
    () =>
      withPage(rig, {}, async (server, page) => {
        server.refuse = (path) => (path === "api/events"
          ? Response.json({ error: { message: "not for you" } }, { status: 403 })
          : undefined);
        await page.goto(server.url);
        await until(
          page,
          "#link",
          /^Refused\. You are signed in, and may not see this\. It says: not for you$/,
        );
        server.refuse = () =>
          undefined;
        server.opening = (watcher) => tellAll(watcher, [hello(), ...ALL]);
        await page.click("#link-now");
        await until(page, "#link", /^Live$/);
      }),
  );

  await t.step(
    "what is no event, or has no shape, does not stop the page",
    () =>
      withPage(rig, {}, async (server, page) => {
        server.opening = (watcher) => {
          tellAll(watcher, [hello(), ...ALL]);
          watcher.raw(
            'event: odd\ndata: 1\n\nevent: rows\ndata: null\n\nevent: rows\ndata: {"section":"jobs","rows":[null,5,{"id":"x"}]}\n\n: beat\n\n',
          );
        };
        await page.goto(`${server.url}#jobs`);
        await until(page, ".chips", /All 3/);
        await until(page, "#link", /^Live$/);
      }),
  );

  await t.step(
    "text of others is text everywhere, whatever is in it",
    () =>
      withPage(rig, {}, async (server, page) => {
        const evil =
          '<img src=x onerror="document.title=1">\u001b]0;owned\u0007\u001b[31m<script>alert(1)</script>\u202e{{7*7}}${7*7}';
        const url = "javascript:document.title='owned'";
        const poison = <T extends object>(row: T): T =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => {
              if (key === "url") return [key, url];
              if (key === "conditions") {
                return [key, [{ type: evil, status: "False", reason: evil, message: evil, since: evil }]];
              }
              return [key, typeof value === "string" && key !== "id" ? evil : value];
            }),
          ) as T;
        const rows = Object.fromEntries(
          Object.entries(platform(3)).map((
            [section, all],
          ) => [
            section,
            (all as readonly object[]).map(poison).concat([{ id: evil, ...poison(all[0] as object) }]),
          ]),
        );
        server.opening = (watcher) => {
          tellAll(watcher, [
            { ...hello(evil), version: evil, replica: evil } as WatchEvent,
            ...rowsEvents(rows as never),
          ]);
          for (const section of SECTIONS) watcher.send({ kind: "problem", section, message: evil });
        };
        server.diagnosis = () =>
          Response.json({
            summary: evil,
            causes: [{ title: evil, why: evil, certainty: evil, steps: [evil] }],
          });
        server.log = () =>
          new Response(
            `event: line\ndata: ${
              JSON.stringify({ at: evil, stage: evil, text: evil })
            }\n\nevent: end\ndata: ${JSON.stringify({ message: evil })}\n\n`,
            SSE,
          );
        await page.goto(server.url);
        await until(page, "#page", /<img src=x/);
        const check = async (where: string) => {
          await painted(page);
          const found = await page.evaluate(inPage.harm);
          assert.equal(found.elements, 0, where);
          assert.ok(!found.text.includes("\u001b") && !found.text.includes("\u202e"), where);
          assert.match(found.title, / · coder-k8s$/, where);
        };
        await check("overview");
        for (const section of SECTIONS) {
          await goTo(page, section);
          await until(page, "#page", /<img src=x/);
          await check(section);
          await page.click(names);
          await until(page, "#sheet", /<img src=x/);
          for (const button of await page.$$("#sheet-body .actions button:not([hidden])")) {
            await button.click();
          }
          if (["controlplanes", "workspaces", "provisioners"].includes(section)) {
            await until(page, ".causes", /<img src=x/);
          }
          if (section === "builds") {
            await until(page, ".log", /<img src=x/);
          }
          await check(`${section}, opened`);
          await escape(page);
        }
      }),
  );
});
