/**
 * The aggregated API server through a real API server, beside ConfigMaps of the same size: lists, reads, watches, what
 * Coder hears of it, and memory. Load comes from a program of its own, as an ordinary ServiceAccount.
 */
import { startCluster } from "../cluster/mod.ts";
import { changesSeen } from "./aggregated/changes.ts";
import { type GroundOptions, startGround } from "./aggregated/ground.ts";
import { largeTemplate } from "./aggregated/large_template.ts";
import { LoadClient } from "./aggregated/load.ts";
import { manyWriters, ownWrites } from "./aggregated/own_writes.ts";
import { memoryRow, pagedLists } from "./aggregated/pages.ts";
import { burdenOfReaders, listsAndGets } from "./aggregated/requests.ts";
import { manyStarts } from "./aggregated/starts.ts";
import { manyWatchers } from "./aggregated/watchers.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

/** As the Go server was measured with. */
const FEW = 303;
const MANY = 10_000;
/** More than there are changes, so that no two of them are one to who looks once a second. */
const WATCHED = 250;
const POLL_SECONDS = 5;

/** Parts of the area; `BENCH_AGGREGATED` names those that are wanted, with commas. @default {all} */
const PARTS =
  (Deno.env.get("BENCH_AGGREGATED") ?? "requests,burden,changes,watchers,writes,writers,template,starts,many")
    .split(
      ",",
    );

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await using load = await LoadClient.build();
  await using cluster = await startCluster({ name: `bench-aggregated-${Deno.pid}` });
  const on = { cluster, binary, load };
  await part(["requests", "burden"], { ...on, namespace: "few", workspaces: FEW }, async (ground, wants) => {
    if (wants("requests")) await listsAndGets(ground, FEW, rows);
    if (wants("burden")) await burdenOfReaders(ground, rows);
    memoryRow(ground, `resident memory after that, ${FEW} workspaces`, rows);
  });
  const args = ["--coder-poll-jitter=0"];
  await part(
    ["changes"],
    {
      ...on,
      namespace: "changing",
      workspaces: FEW,
      args: [...args, `--coder-poll-interval=${POLL_SECONDS}s`],
    },
    (ground) => changesSeen(ground, POLL_SECONDS, rows),
  );
  await part(
    ["watchers"],
    { ...on, namespace: "watched", workspaces: WATCHED, args: [...args, "--coder-poll-interval=1s"] },
    (ground) => manyWatchers(ground, WATCHED, rows),
  );
  await part(
    ["writes", "writers"],
    { ...on, namespace: "written", workspaces: FEW },
    async (ground, wants) => {
      if (wants("writes")) await ownWrites(ground, rows);
      if (wants("writers")) await manyWriters(ground, rows);
    },
  );
  await part(
    ["template"],
    { ...on, namespace: "large", workspaces: 10, args: [...args, "--coder-poll-interval=2s"] },
    (ground) => largeTemplate(ground, rows),
  );
  if (PARTS.includes("starts")) await manyStarts(cluster, binary, rows);
  await part(["many"], { ...on, namespace: "many", workspaces: MANY, mode: "all" }, async (ground) => {
    memoryRow(ground, `resident memory with ${MANY} workspaces, mode all, listed once`, rows, 250);
    await pagedLists(ground, MANY, rows);
    memoryRow(ground, "the same after those lists", rows, 250);
  });
  return { area: "aggregated", rows: rows.list };
}

type Ground = Awaited<ReturnType<typeof startGround>>;

/** One ground for some parts, where any of them is wanted. */
async function part(
  names: readonly string[],
  options: GroundOptions,
  run: (ground: Ground, wants: (name: string) => boolean) => Promise<void>,
): Promise<void> {
  if (!names.some((name) => PARTS.includes(name))) return;
  await using ground = await startGround(options);
  await run(ground, (name) => PARTS.includes(name));
}
