/**
 * The process' own figures, under the names that Prometheus' client libraries agree on. prom-client's defaults are not
 * used: on Deno its event-loop figures are wrong (9·10⁹ s before the first sample) and its CPU time starts at import.
 */
import process from "node:process";
import type { PrometheusMetrics } from "./prometheus.ts";

/**
 * Registers `process_*` and `nodejs_heap_*`. Figures that the platform or the process' permissions do not give (open
 * files without read access to `/proc`) are left out of the scrape.
 */
export function registerProcessMetrics(metrics: PrometheusMetrics): void {
  metrics.counterFrom("process_cpu_seconds_total", "User and system CPU time spent, in seconds.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const started = performance.timeOrigin / 1000;
  metrics.gauge(
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    [],
    (gauge) => {
      gauge.set({}, started);
    },
  );
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", [], (gauge) => {
    gauge.set({}, Deno.memoryUsage().rss);
  });
  metrics.gauge("nodejs_heap_size_total_bytes", "JavaScript heap reserved.", [], (gauge) => {
    gauge.set({}, Deno.memoryUsage().heapTotal);
  });
  metrics.gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use.", [], (gauge) => {
    gauge.set({}, Deno.memoryUsage().heapUsed);
  });
  metrics.gauge(
    "nodejs_external_memory_bytes",
    "Memory of objects outside the JavaScript heap.",
    [],
    (gauge) => {
      gauge.set({}, Deno.memoryUsage().external);
    },
  );
  const limits = fileLimits();
  if (limits !== undefined) {
    metrics.gauge("process_max_fds", "The most files the process may have open.", [], (gauge) => {
      gauge.set({}, limits);
    });
    metrics.gauge("process_open_fds", "Files that the process has open.", [], (gauge) => {
      const open = openFiles();
      if (open !== undefined) gauge.set({}, open);
    });
  }
}

/** The soft limit of open files, where `/proc` tells it. */
function fileLimits(): number | undefined {
  const text = readable("/proc/self/limits", (path) => Deno.readTextFileSync(path));
  const soft = text?.match(/^Max open files\s+(\d+)/m)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function openFiles(): number | undefined {
  return readable("/proc/self/fd", (path) => [...Deno.readDirSync(path)].length);
}

function readable<T>(path: string, read: (path: string) => T): T | undefined {
  try {
    return read(path);
  } catch {
    // Another system, or the permission was dropped at start.
    return undefined;
  }
}
