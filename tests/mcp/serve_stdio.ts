/** Serves the fixtures over standard streams, until the input ends. */
import { serveMcpStdio } from "../../src/mcp/stdio.ts";
import { fixtureWorld, visitorNamed } from "./fixture_world.ts";

await serveMcpStdio(fixtureWorld().world, visitorNamed("ann"), {
  input: Deno.stdin.readable,
  output: Deno.stdout.writable,
});
