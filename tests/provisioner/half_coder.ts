/**
 * A Coder that is half real: a real coderd, whose AGPL build has organizations, daemons and jobs, and before it a fake that
 * answers what only enterprise builds have: licence and provisioner keys. Both have the same default organization.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Coderd } from "../coder/mod.ts";
import { type FakeCoder, startFakeCoder } from "../fake-coder/mod.ts";

/** What the AGPL build lacks. */
const ENTERPRISE = /^\/api\/v2\/(entitlements|licenses|organizations\/[^/]+\/provisionerkeys)(\/|\?|$)/;

/**
 * Starts one. As a fake it is what others think they talk to: its tokens are good, in place of which coderd gets the
 * owner's. It has no licence yet. It ends with `await using`; coderd stays.
 */
export async function startHalfCoder(coderd: Coderd): Promise<FakeCoder> {
  const { organizationId, token } = await coderd.firstUser();
  const fake = await startFakeCoder();
  fake.state.defaultOrganization.id = organizationId;
  const server = http.createServer((request, response) => {
    pass(
      request,
      ENTERPRISE.test(request.url ?? "") ? { url: fake.url } : { url: coderd.url, token },
      response,
    )
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await fake[Symbol.asyncDispose]();
  };
  return new Proxy(fake, {
    get(target, name) {
      if (name === "url") return url;
      return name === Symbol.asyncDispose ? end : Reflect.get(target, name);
    },
  });
}

async function pass(
  incoming: http.IncomingMessage,
  { token, url }: { url: string; token?: string },
  response: http.ServerResponse,
): Promise<void> {
  const headers = token === undefined
    ? incoming.headers
    : { ...incoming.headers, "coder-session-token": token };
  const outgoing = http.request(`${url}${incoming.url}`, { method: incoming.method ?? "GET", headers });
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("error", reject);
    incoming.pipe(outgoing);
  });
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(response);
}
