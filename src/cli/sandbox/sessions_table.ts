/** Sessions and workers as tables like kubectl's. */
import type { CoordinatorAnswer } from "./sessions_ask.ts";
import { formatSize } from "./values.ts";

type Session = CoordinatorAnswer["sessions"][number];
type Worker = CoordinatorAnswer["workers"][number];

/** `now` is milliseconds since 1970. */
export function sessionsTable(sessions: readonly Session[], now: number): string {
  if (sessions.length === 0) return "No sessions.\n";
  // Where none is in a workspace, there is no column of them.
  const isPlaced = sessions.some(({ workspace }) => workspace !== undefined);
  const rows = sessions.map((
    { id, name, owner, state, worker, workspace, isolation, createdAt, expiresAt },
  ) => [
    name,
    id,
    owner,
    state,
    worker === "" ? "<none>" : worker,
    ...(isPlaced ? [workspace === undefined ? "-" : placeText(workspace)] : []),
    isolation,
    span(now - Date.parse(createdAt)),
    state === "ready" || state === "creating" ? until(Date.parse(expiresAt) - now) : "-",
  ]);
  const place = isPlaced ? ["WORKSPACE"] : [];
  return table(
    ["NAME", "SESSION", "OWNER", "STATE", "WORKER", ...place, "ISOLATION", "AGE", "EXPIRES"],
    rows,
  );
}

/** `ann/dev.main`, and the directory where one was asked for: `ann/dev.main:src`. */
function placeText({ name, agent, directory, files }: NonNullable<Session["workspace"]>): string {
  const where = files === "scratch" ? ":<scratch>" : directory === "" ? "" : `:${directory}`;
  return `${name}${agent === "" ? "" : `.${agent}`}${where}`;
}

export function workersTable(workers: readonly Worker[], now: number): string {
  if (workers.length === 0) return "No workers.\n";
  const rows = workers.map((worker) => [
    worker.id,
    worker.state,
    `${worker.sessions}/${worker.capacity}`,
    String(worker.runningTasks),
    String(worker.processes),
    roundSize(worker.memoryBytes),
    // Not looked at yet: a worker without any room would say so in its log, and take no session.
    worker.freeDiskBytes === 0 ? "-" : roundSize(worker.freeDiskBytes),
    worker.isolation,
    worker.version === "" ? "<unknown>" : worker.version,
    span(now - Date.parse(worker.lastHeardAt)),
  ]);
  return table(
    [
      "WORKER",
      "STATE",
      "SESSIONS",
      "TASKS",
      "PROCESSES",
      "MEMORY",
      "DISK FREE",
      "ISOLATION",
      "VERSION",
      "HEARD",
    ],
    rows,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? "")].length)));
  return all.map((row) =>
    row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - [...cell].length)).join("   ")
      .trimEnd() + "\n"
  ).join("");
}

/** `45s`, `7m12s`, `3h5m`, `9d`; `-` for what is no time. */
function span(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "-";
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8 && minutes % 60 > 0) return `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

function until(milliseconds: number): string {
  return milliseconds <= 0 ? "now" : span(milliseconds);
}

/** Three digits at most. */
function roundSize(bytes: number): string {
  for (const [unit, size] of [["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10]] as const) {
    if (bytes < size) continue;
    const count = bytes / size;
    return `${count < 10 ? Math.round(count * 10) / 10 : Math.round(count)}${unit}`;
  }
  return formatSize(bytes);
}
