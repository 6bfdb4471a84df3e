/** The sandbox host: sessions on this machine, by one launcher. */
import { SessionError } from "../types.ts";
import { type Launcher, startLauncher } from "./launcher.ts";
import { Session } from "./session.ts";
import type { IsolationReport, Sandbox, SandboxHost, SandboxHostOptions } from "./types.ts";

/** Starts the launcher and finds out what the kernel allows. Rejects with `SessionError`. */
export async function openSandboxHost(options: SandboxHostOptions): Promise<SandboxHost> {
  const sessions = new Map<string, Session>();
  const launcher: Launcher = await startLauncher(options, () => {}, () => {
    for (const session of sessions.values()) session.lost();
  });
  const report: IsolationReport = { isolation: "full", cgroups: [], network: true, proc: true, notes: [] };
  return {
    report,
    leftovers: () => Promise.resolve([]),
    async open(id, { limits, existing }, signal): Promise<Sandbox> {
      const { header } = await launcher.calls.call(
        { op: "open", session: id, limits, existing },
        undefined,
        signal,
      );
      check(header);
      const session = new Session(id, report.isolation, async (startSignal) => {
        const token = crypto.randomUUID();
        const connection = launcher.expect(token);
        const started = await launcher.calls.call(
          { op: "start", session: id, token, socket: launcher.socket, limits, uid: header["uid"] },
          undefined,
          startSignal,
        );
        check(started.header);
        return await connection;
      }, async () => {
        const stop = await launcher.calls.call(
          { op: "stop", session: id },
          undefined,
          AbortSignal.timeout(30_000),
        );
        check(stop.header);
      });
      sessions.set(id, session);
      return session;
    },
    async remove(id, signal) {
      await sessions.get(id)?.close();
      sessions.delete(id);
      check((await launcher.calls.call({ op: "remove", session: id }, undefined, signal)).header);
    },
    async close() {
      await launcher.close();
    },
  };
}

function check(header: Record<string, unknown>): void {
  if (typeof header["error"] === "string") {
    throw new SessionError("failed", `sandbox: ${String(header["message"])}`);
  }
}
