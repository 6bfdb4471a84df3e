/** `deno task screenshots`: the pictures of the page in `docs/images/`, of a platform that is played. */
import { startChromium } from "./chromium.ts";
import { FakeServer, hello, SSE } from "./fake_server.ts";
import { goTo, painted, until } from "./page_rig.ts";
import { platform, rowsEvents, tellAll } from "./sample.ts";

const FOLDER = new URL("../../docs/images/", import.meta.url).pathname;

const DIAGNOSIS = {
  summary: "The control plane lab/edge is pending: no pod is ready.",
  causes: [{
    title: "The image cannot be pulled",
    why:
      "The image ghcr.io/coder/coder:v2.31.9 of container coder cannot be pulled: there is no such tag.\n" +
      "event of pod lab/edge-6d5c9: Failed to pull image: manifest unknown",
    certainty: "certain",
    steps: [
      "Choose a tag that there is: kubectl -n lab edit codercontrolplane edge",
      "See which tags there are: skopeo list-tags docker://ghcr.io/coder/coder",
    ],
  }],
};

await using server = new FakeServer();
const events = [hello("ada@example.com"), ...rowsEvents(platform(10_000, Date.now()))];
server.opening = (watcher) => tellAll(watcher, events);
server.diagnosis = () => Response.json(DIAGNOSIS);
const line = (stage: string, text: string) =>
  `event: line\ndata: ${JSON.stringify({ at: "", stage, text })}\n\n`;
server.log = () =>
  new Response(
    [
      line("Setting up", "workspace main.dev7.project-7, build 12"),
      line("Planning infrastructure", "Initializing provider plugins…"),
      line("Planning infrastructure", "Plan: 3 to add, 0 to change, 0 to destroy."),
      line("Starting workspace", "kubernetes_deployment.main: Creating…"),
      line("Starting workspace", "kubernetes_deployment.main: Creation complete after 4s"),
    ].join("") + "event: end\ndata: {}\n\n",
    SSE,
  );

await using browser = await startChromium();
const page = await browser.newPage();

async function picture(name: string): Promise<void> {
  await painted(page);
  const path = `${FOLDER}ui-${name}.png` as const;
  await page.screenshot({ path, optimizeForSpeed: false });
  const { size } = await Deno.stat(path);
  Deno.stdout.writeSync(
    new TextEncoder().encode(`docs/images/ui-${name}.png, ${Math.round(size / 1_024)} KiB\n`),
  );
}

async function scheme(value: "light" | "dark", width: number, height: number): Promise<void> {
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
}

await Deno.mkdir(FOLDER, { recursive: true });
await scheme("light", 1_280, 760);
await page.goto(server.url);
await until(page, ".cards", /10,000/);
await picture("overview");
await goTo(page, "workspaces");
await picture("workspaces");
await goTo(page, "controlplanes");
await page.click("tbody tr[data-ill] .actions button");
await until(page, ".causes", /cannot be pulled/);
await picture("diagnosis");
await page.keyboard.press("Escape");
await scheme("dark", 1_280, 760);
await goTo(page, "builds");
await page.click("tbody .actions button");
await until(page, "#sheet-body", /The log has ended/);
await picture("log-dark");
await page.keyboard.press("Escape");
await scheme("dark", 320, 640);
await goTo(page, "workspaces");
await picture("narrow-dark");
