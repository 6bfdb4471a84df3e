/** The endpoint of the product around the fixtures, on a free loopback port. */
import { createMcpEndpoint, type McpEndpointOptions } from "../../src/mcp/http/endpoint.ts";
import { type FixtureOptions, type FixtureWorld, fixtureWorld } from "./fixture_world.ts";

export interface EndpointRigOptions extends FixtureOptions {
  /** Nobody asks too often, where this does not say otherwise. */
  readonly endpoint?: Partial<Omit<McpEndpointOptions, "world" | "admit" | "address">>;
}

/** Ends with `await using`. */
export interface EndpointRig extends Pick<FixtureWorld, "audit" | "traces">, AsyncDisposable {
  /** Ends with `/mcp`. */
  readonly url: string;
  readonly port: number;
  /** Streams that are open now. */
  readonly streams: number;
  /** In order. @param graceMs for calls in hand */
  stop(graceMs?: number): Promise<void>;
}

/** Starts one. */
export async function startEndpoint(options: EndpointRigOptions = {}): Promise<EndpointRig> {
  const { endpoint: own, ...fixture } = options;
  const { world, admit, audit, traces } = fixtureWorld(fixture);
  const address = { hostname: "127.0.0.1", port: 0 };
  const endpoint = createMcpEndpoint({ rate: 0, ...own, world, admit, address });
  const { port } = await endpoint.listen();
  return {
    audit,
    traces,
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    get streams() {
      return endpoint.streams;
    },
    stop: (graceMs) => endpoint.drain(graceMs),
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
}
