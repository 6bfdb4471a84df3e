/** Serves the fixtures over HTTP in a process of its own, until its input ends; prints its address. */
import { startEndpoint } from "./endpoint_rig.ts";

const rig = await startEndpoint();
Deno.stdout.writeSync(new TextEncoder().encode(`${rig.url}\n`));
await Deno.stdin.readable.pipeTo(new WritableStream());
await rig.stop();
