/** The version of the chart and of its application: that of `deno.json`. */

/** `Chart.yaml` with the version. @throws {Error} where a line is missing */
export function withVersion(chart: string, version: string): string {
  return set(set(chart, "version", version), "appVersion", `"${version}"`);
}

function set(text: string, key: string, value: string): string {
  const line = new RegExp(`^${key}: .*$`, "m");
  if (!line.test(text)) throw new Error(`Chart.yaml has no line "${key}:"`);
  return text.replace(line, `${key}: ${value}`);
}
