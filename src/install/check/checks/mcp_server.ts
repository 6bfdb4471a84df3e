/** Does the MCP server answer? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { endpointSlicesPath, OPERATOR } from "../names.ts";
import { endpointSlice, listOf, readyAddresses } from "../shapes.ts";
import type { Check } from "../types.ts";

const say = sayings("mcp-server");

export const mcpServer: Check = {
  id: "mcp-server",
  phases: ["after"],
  async run(world) {
    const served = world.objects.some(({ kind, metadata }) =>
      kind === "Service" && metadata.name === OPERATOR
    );
    if (!served) return [];
    const path = `/api/v1/namespaces/${world.namespace}/services/${OPERATOR}:8090/proxy/readyz`;
    const reading = await world.read(path, z.unknown());
    if (reading.state === "seen") return [say.ok("The MCP server answers.")];
    if (reading.state === "absent") {
      return [
        say.failed(`Service ${OPERATOR} is missing: no MCP client finds the server.`, "coder-k8s install"),
      ];
    }
    // The API server's own way to a pod may be closed where that of clients is not; a pod is ready when this part is.
    const slices = await world.read(
      endpointSlicesPath(world.namespace, OPERATOR),
      listOf(endpointSlice),
    );
    if (slices.state === "seen" && readyAddresses(slices.value.items) > 0) {
      return [say.ok("The MCP server's pods say that it is ready (it was not asked itself).")];
    }
    return [say.unknown(
      `Whether the MCP server answers could not be seen through the API server: ${reading.why}`,
      `kubectl -n ${world.namespace} port-forward service/${OPERATOR} 8090:8090, and curl http://127.0.0.1:8090/readyz`,
    )];
  },
};
