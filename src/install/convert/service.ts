/** The Service. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import { IP_ADDRESS, PORT_NAME } from "../../api/patterns.ts";
import type { ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

const TYPES: readonly string[] = ["ClusterIP", "NodePort", "LoadBalancer"];
const PROTOCOLS: readonly string[] = ["TCP", "UDP", "SCTP"];

type ServiceInput = NonNullable<ControlPlaneSpecInput["service"]>;
type ExtraPort = NonNullable<ServiceInput["extraPorts"]>[number];

/** `spec.service`. */
export function serviceFields(values: ValueReader): ControlPlaneSpecInput {
  const type = serviceType(values);
  const annotations = values.textMap("coder.service.annotations");
  const affinity = oneOf(values, "sessionAffinity", ["None", "ClientIP"]);
  return {
    service: {
      type,
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(affinity !== undefined && affinity !== "None" && { sessionAffinity: affinity }),
      ...balancer(values, type === "LoadBalancer"),
      ...nodePorts(values, type !== "ClusterIP"),
      ...extraPorts(values, type !== "ClusterIP"),
    },
  };
}

function serviceType(values: ValueReader): string {
  const type = values.text("coder.service.type")?.trim() ?? "ClusterIP";
  if (!values.flag("coder.service.enable")) {
    values.warn(
      "coder.service.enable",
      "the operator always keeps a Service, by which it reaches Coder itself: it is of type ClusterIP here",
    );
    return "ClusterIP";
  }
  if (TYPES.includes(type)) return type;
  values.warn("coder.service.type", `must be ${TYPES.join(" or ")}; ClusterIP was taken`);
  return "ClusterIP";
}

/** What the chart says of a load balancer counts for the type LoadBalancer alone. */
function balancer(values: ValueReader, balanced: boolean): ServiceInput {
  const policy = oneOf(values, "externalTrafficPolicy", ["Cluster", "Local"]);
  const loadBalancerClass = values.text("coder.service.loadBalancerClass")?.trim();
  const address = values.text("coder.service.loadBalancerIP")?.trim();
  if (!balanced) return {};
  const usable = address !== undefined && new RegExp(IP_ADDRESS).test(address);
  if (address !== undefined && !usable) {
    values.warn("coder.service.loadBalancerIP", "is not an IP address and was left out");
  }
  return {
    ...(policy !== undefined && policy !== "Cluster" && { externalTrafficPolicy: policy }),
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    ...(usable && { loadBalancerIP: address }),
  };
}

function nodePorts(values: ValueReader, outside: boolean): ServiceInput {
  const port = (key: string) => {
    const number = values.integer(`coder.service.${key}`);
    if (!outside || number === undefined || number === 0) return undefined;
    return usablePort(values, `coder.service.${key}`, number);
  };
  const [httpNodePort, httpsNodePort] = [port("httpNodePort"), port("httpsNodePort")];
  return {
    ...(httpNodePort !== undefined && { httpNodePort }),
    ...(httpsNodePort !== undefined && { httpsNodePort }),
  };
}

/** Some versions of the chart have further ports. */
function extraPorts(values: ValueReader, outside: boolean): ServiceInput {
  const path = "coder.service.additionalPorts";
  const ports = values.list(path).flatMap((item, index): ExtraPort[] => {
    const fields = isFields(item) ? item : {};
    const { name, port, targetPort, protocol, nodePort } = fields;
    const named = typeof name === "string" && name.length <= 63 && new RegExp(PORT_NAME).test(name) &&
      !["http", "https"].includes(name);
    const number = typeof port === "number" ? usablePort(values, `${path}[${index}].port`, port) : undefined;
    if (!named || number === undefined) {
      values.warn(`${path}[${index}]`, "does not have a name and a port of its own and was left out");
      return [];
    }
    const ownNodePort = outside && typeof nodePort === "number"
      ? usablePort(values, `${path}[${index}].nodePort`, nodePort)
      : undefined;
    const target = typeof targetPort === "number" || typeof targetPort === "string" ? targetPort : undefined;
    return [{
      name,
      port: number,
      ...(target !== undefined && { targetPort: target }),
      ...(typeof protocol === "string" && PROTOCOLS.includes(protocol) && { protocol }),
      ...(ownNodePort !== undefined && { nodePort: ownNodePort }),
    }];
  });
  return ports.length === 0 ? {} : { extraPorts: ports };
}

function usablePort(values: ValueReader, path: string, port: number): number | undefined {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  values.warn(path, "is not a port and was left out");
  return undefined;
}

function oneOf(values: ValueReader, key: string, choices: readonly string[]): string | undefined {
  const path = `coder.service.${key}`;
  const value = values.text(path)?.trim();
  if (value === undefined || choices.includes(value)) return value;
  values.warn(path, `must be ${choices.join(" or ")} and was left out`);
  return undefined;
}
