import assert from "node:assert/strict";
import { connect } from "node:http2";
import { Server } from "@grpc/grpc-js";
import { silentLogger } from "../../telemetry/logger.ts";
import { grpcRig } from "./grpc_testing.ts";
import { widenWindows, WINDOW_BYTES } from "./server_windows.ts";

Deno.test("workers may send ahead as much as a distant one needs", async () => {
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  await using rig = await grpcRig({ log });
  assert.deepEqual(warnings, []);
  const session = connect(rig.url);
  const sizes: (number | undefined)[] = [];
  await new Promise<void>((resolve, reject) => {
    session.on("error", reject);
    session.on("remoteSettings", ({ initialWindowSize }) => {
      sizes.push(initialWindowSize);
      if (initialWindowSize === WINDOW_BYTES) resolve();
    });
  });
  assert.equal(sizes.at(-1), WINDOW_BYTES);
  // What arrives is read before it is known who sends it: one connection brings no more than this at once.
  assert.equal(session.remoteSettings.maxConcurrentStreams, 16);
  await new Promise<void>((resolve) => session.close(() => resolve()));
});

Deno.test("a server without ports, or of another make, says that it cannot be done", () => {
  assert.equal(widenWindows(new Server()), false);
  assert.equal(widenWindows({} as Server), false);
});
