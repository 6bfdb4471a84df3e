/** The Python of sessions in workspaces, and how a terminal becomes the way to it. */
import { deflateSync } from "node:zlib";
import { MODULES } from "../sandbox/python.ts";
import boot from "./python/boot.py" with { type: "text" };
import carriers from "./python/carriers.py" with { type: "text" };
import daemon from "./python/daemon.py" with { type: "text" };
import outputs from "./python/outputs.py" with { type: "text" };
import relay from "./python/relay.py" with { type: "text" };
import streams from "./python/streams.py" with { type: "text" };

/** Those of the sandbox that a daemon has use for. */
const SHARED = [
  "frames",
  "kernel",
  "paths",
  "globs",
  "walks",
  "writes",
  "edits",
  "search",
  "tars",
  "archive",
  "files",
  "trees",
  "removal",
  "cgroups",
  "limits",
  "processes",
  "core",
];

const encoder = new TextEncoder();

function packed(text: string): string {
  return new Uint8Array(deflateSync(encoder.encode(text))).toBase64() + "\n";
}

let code: string | undefined;

/** What a new daemon reads: its code, and what it is for. Lines to be typed. */
export function daemonLines(spec: unknown): string {
  const modules = {
    ...Object.fromEntries(SHARED.map((name) => [name, MODULES[name]])),
    streams,
    outputs,
    carriers,
    daemon,
  };
  code ??= packed(JSON.stringify({ boot, modules }));
  return code + packed(JSON.stringify(spec));
}

/** What is typed into a terminal that {@linkcode terminalCommand} runs in. */
export function relayLine(session: string, nonce: Nonce, mayBegin: boolean, isSent: boolean): string {
  const known = `SESSION = ${JSON.stringify(session)}\nNONCE = ${JSON.stringify(nonce.join(""))}\n`;
  return packed(`${known}MAY_BEGIN, IS_SENT = ${Number(mayBegin)}, ${Number(isSent)}\n${relay}`);
}

/** Where Python is looked for, in order. */
const PYTHONS = ["python3", "/usr/bin/python3", "/usr/local/bin/python3"];

/** What our lines begin with. In two parts: where a shell shows the command that it runs, that is none of them. */
export type Nonce = readonly [string, string];

export function newNonce(): Nonce {
  const nonce = crypto.randomUUID().replaceAll("-", "");
  return [nonce.slice(0, 16), nonce.slice(16)];
}

/**
 * Runs in any login shell. Says `sh`, then `py` where there is a Python that takes what is typed, or `none`. Nothing is typed
 * before that: a terminal that is not raw cuts lines.
 */
export function terminalCommand([one, two]: Nonce, pythons: readonly string[] = PYTHONS): string {
  const take = "import sys,os,zlib,binascii;" +
    "sys.version_info<(3,8) and os._exit(9);" +
    "os.write(1,(sys.argv[1]+sys.argv[2]).encode()+bytes([112,121,10]));" +
    "exec(zlib.decompress(binascii.a2b_base64(sys.stdin.buffer.readline())))";
  const steps = [
    "stty raw -echo 2>/dev/null",
    `printf "%s%ssh\\n" ${one} ${two}`,
    `for p in ${pythons.join(" ")}`,
    `do command -v $p >/dev/null 2>&1 && exec $p -I -S -E -c "${take}" ${one} ${two}`,
    "done",
    `printf "%s%snone\\n" ${one} ${two}`,
  ];
  return `exec /bin/sh -c '${steps.join("; ")}'`;
}
