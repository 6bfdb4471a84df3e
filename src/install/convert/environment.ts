/** Environment, command and arguments of the Coder container. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import type { EnvVar } from "../../api/kubernetes/types.ts";
import { ENV_NAME } from "../../api/patterns.ts";
import { scalarText, type ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

/** `spec.extraEnv`, `envFrom`, `envUseClusterAccessURL`, `command` and `args`. */
export function environmentFields(values: ValueReader): ControlPlaneSpecInput {
  const own = ownVariables(values);
  const sources = values.structures("coder.envFrom", "EnvFromSource").filter((source, index) => {
    const refs = [source.configMapRef, source.secretRef].filter((ref) => ref !== undefined);
    const usable = refs.length === 1 && (refs[0]?.name ?? "") !== "";
    if (!usable) {
      values.warn(`coder.envFrom[${index}]`, "does not name one ConfigMap or Secret and was left out");
    }
    return usable;
  });
  const isIPv6 = values.flag("coder.singleStackIPv6");
  const any = isIPv6 ? "[::]" : "0.0.0.0";
  const start = startFields(values);
  const has = (name: string) => own.some((variable) => variable.name === name);
  const added: EnvVar[] = [];
  const add = (variable: EnvVar) => {
    if (!has(variable.name)) added.push(variable);
  };
  if (start.args !== undefined) add({ name: "CODER_HTTP_ADDRESS", value: `${any}:8080` });
  else if (has("CODER_HTTP_ADDRESS")) {
    values.remark(
      "coder.env",
      "spec.extraEnv",
      "CODER_HTTP_ADDRESS has no effect: Coder listens on port 8080",
    );
  }
  // Coder's own defaults listen on loopback; the chart's can be scraped.
  if (has("CODER_PROMETHEUS_ENABLE") || sources.length > 0) {
    add({ name: "CODER_PROMETHEUS_ADDRESS", value: `${any}:2112` });
  }
  if (has("CODER_PPROF_ENABLE") || sources.length > 0) {
    add({ name: "CODER_PPROF_ADDRESS", value: `${any}:6060` });
  }
  if (isIPv6) {
    add({ name: "CODER_DERP_SERVER_RELAY_URL", value: "http://[$(KUBE_POD_IP)]:8080" });
    if (values.list("coder.tls.secretNames").length > 0) {
      add({ name: "CODER_TLS_ADDRESS", value: `${any}:8443` });
    }
  }
  if (own.some(({ name, value }) => name === "CODER_PROMETHEUS_ENABLE" && value === "true")) {
    values.remark(
      "coder.env",
      "spec.extraEnv",
      "the chart names container port 2112 prometheus-http, the operator does not: a PodMonitor has to name the port " +
        "by its number (portNumber: 2112)",
    );
  }
  const psk = values.text("provisionerDaemon.pskSecretName")?.trim();
  if (psk !== undefined) {
    add({
      name: "CODER_PROVISIONER_DAEMON_PSK",
      valueFrom: { secretKeyRef: { name: psk, key: "psk" } },
    });
  }
  const variables = [...added, ...own];
  return {
    ...start,
    ...(isIPv6 && start.args === undefined && { args: [`--http-address=${any}:8080`] }),
    ...(variables.length > 0 && { extraEnv: variables }),
    ...(sources.length > 0 && { envFrom: sources }),
    ...(!values.flag("coder.envUseClusterAccessURL") && { envUseClusterAccessURL: false }),
  };
}

function ownVariables(values: ValueReader): EnvVar[] {
  const named = new RegExp(ENV_NAME);
  return values.list("coder.env").flatMap((item, index) => {
    const path = `coder.env[${index}]`;
    if (!isFields(item) || typeof item["name"] !== "string" || !named.test(item["name"])) {
      values.warn(path, "has no usable name and was left out");
      return [];
    }
    // Unquoted numbers and switches are a common slip.
    const value = typeof item["value"] === "string" ? item["value"] : scalarText(item["value"]);
    const variable = values.checked(path, "EnvVar", { ...item, ...(value !== undefined && { value }) });
    return variable === undefined ? [] : [variable];
  });
}

/** The image's own command is what the chart has: both are left out unless one was changed. */
function startFields(values: ValueReader): ControlPlaneSpecInput {
  const command = values.texts("coder.command");
  const args = values.texts("coder.commandArgs");
  if (args.length === 0 && (command.length === 0 || command.join(" ") === "/opt/coder")) return {};
  return { ...(command.length > 0 && { command }), args: args.length > 0 ? args : ["server"] };
}
