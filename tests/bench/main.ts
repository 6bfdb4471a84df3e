/** `deno task bench [area…]`: runs the areas, prints a table each, writes `dist/bench/<area>.json`. */
import { machine, type Report, table } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Every area, loaded only when asked for. */
const areas: Record<string, () => Promise<{ measure: () => Promise<Report> }>> = {
  controlplane: () => import("./controlplane.ts"),
  memory: () => import("./memory.ts"),
  start: () => import("./start.ts"),
  idle: () => import("./idle.ts"),
  install: () => import("./install.ts"),
  availability: () => import("./availability.ts"),
  cache: () => import("./cache.ts"),
  calls: () => import("./coder_calls.ts"),
  provisioners: () => import("./provisioners.ts"),
  aggregated: () => import("./aggregated.ts"),
  mcp: () => import("./mcp.ts"),
  diagnosis: () => import("./diagnosis.ts"),
  sessions: () => import("./sessions.ts"),
  ui: () => import("./ui.ts"),
  image: () => import("./image.ts"),
  "workspace-sessions": () => import("./workspace_sessions.ts"),
};

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

const asked = Deno.args.filter((arg) => !arg.startsWith("-"));
const unknown = asked.filter((area) => areas[area] === undefined);
if (unknown.length > 0) {
  say(`bench: no area named ${unknown.join(", ")}; there are: ${Object.keys(areas).join(", ")}`);
  Deno.exit(2);
}
await Deno.mkdir(`${root}/dist/bench`, { recursive: true });
const about = machine();
say(
  `${about["cpu"]}, ${about["cores"]} cores, ${about["memoryGiB"]} GiB, Deno ${about["deno"]}, ${
    about["date"]
  }`,
);
for (const area of asked.length === 0 ? Object.keys(areas) : asked) {
  say(`\n${area}`);
  const report = await (await areas[area]!()).measure();
  say(table(report));
  await Deno.writeTextFile(
    `${root}/dist/bench/${area}.json`,
    JSON.stringify({ machine: about, ...report }, null, 2),
  );
}
say("\nwritten to dist/bench/");
Deno.exit(0);
