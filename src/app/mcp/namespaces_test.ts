import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { checkNamespaces } from "./namespaces.ts";

const call = { method: "GET", path: "/api/v1/namespaces/x" };
const client = {
  get(_type: unknown, { name }: { name: string }): Promise<never> {
    if (name === "there") return Promise.resolve({} as never);
    if (name === "hidden") return Promise.reject(new KubeConnectionError("away", call));
    return Promise.reject(new KubeApiError(404, "NotFound", "no", call));
  },
};
const { signal } = new AbortController();

Deno.test("a namespace that is not there keeps the server from starting", async () => {
  const { logger: log } = recordingLogger();
  await checkNamespaces(client, ["there"], log, signal);
  await assert.rejects(
    checkNamespaces(client, ["there", "typo", "slip"], log, signal),
    /--mcp-namespaces: there is no namespace slip, typo; make it, or leave it out/,
  );
});

Deno.test("what cannot be looked at is told, and refused nowhere", async () => {
  const { logger: log, lines } = recordingLogger();
  await checkNamespaces(client, ["hidden"], log, signal);
  assert.match(JSON.stringify(lines), /a namespace cannot be looked at/);
});
