/** What a run has cost, out of what went through the recorder. */
import { encode } from "npm:gpt-tokenizer@4.0.0/encoding/o200k_base";
import type { Exchange } from "./recorder.ts";

export interface Figures {
  /** Of tools, resources and prompts: what a model decides on. */
  readonly calls: number;
  /** Of all kinds, listings and handshakes among them. */
  readonly requests: number;
  /** Bodies of the calls and of their answers, in bytes. */
  readonly bytes: { readonly in: number; readonly out: number };
  /**
   * By o200k_base. `in`: what a model reads, the text of answers; `out`: what it writes, names and arguments of calls, and its
   * final answer. `listing`: the tools, which it reads besides.
   */
  readonly tokens: { readonly in: number; readonly out: number; readonly listing: number };
  /** Of the calls at the endpoint, in milliseconds. */
  readonly serverMs: number;
  /** What was called, in order. */
  readonly names: readonly string[];
}

const CALLS = new Set(["tools/call", "resources/read", "prompts/get"]);

/** Whether a model has decided on it. */
export function isCall({ method }: Pick<Exchange, "method">): boolean {
  return CALLS.has(method);
}

/** Adds it up. @param answer the client's final one */
export function figuresOf(exchanges: readonly Exchange[], answer = ""): Figures {
  const calls = exchanges.filter(isCall);
  const sum = (of: (one: Exchange) => number) => calls.reduce((all, one) => all + of(one), 0);
  const listings = exchanges.filter(({ method, result }) => method === "tools/list" && result !== undefined);
  const listing = listings.map(({ result }) => tokensOf(JSON.stringify({ tools: result?.["tools"] })));
  return {
    calls: calls.length,
    requests: exchanges.length,
    bytes: { in: sum(({ bytesIn }) => bytesIn), out: sum(({ bytesOut }) => bytesOut) },
    tokens: {
      in: sum((one) => tokensOf(textOf(one))),
      out: sum((one) => tokensOf(writtenIn(one))) + tokensOf(answer),
      listing: Math.max(0, ...listing),
    },
    serverMs: Math.round(sum(({ ms }) => ms)),
    names: calls.map(nameOf),
  };
}

/** A tool, a prompt or an address. */
export function nameOf({ params }: Pick<Exchange, "params">): string {
  return String(params["name"] ?? params["uri"] ?? "");
}

/** What a model is given of an answer. */
export function textOf({ result, error }: Pick<Exchange, "result" | "error">): string {
  if (error !== undefined) return String(error["message"] ?? "");
  const content = listOf(result?.["content"]).map(({ text }) => text);
  const contents = listOf(result?.["contents"]).map(({ text }) => text);
  const messages = listOf(result?.["messages"]).map(({ content }) => (content as Row | undefined)?.["text"]);
  return [...content, ...contents, ...messages].filter((text) => typeof text === "string").join("\n");
}

type Row = Readonly<Record<string, unknown>>;

function listOf(value: unknown): readonly Row[] {
  return Array.isArray(value) ? value : [];
}

function writtenIn({ params }: Exchange): string {
  const args = params["arguments"] ?? {};
  return `${nameOf({ params })} ${JSON.stringify(args)}`;
}

/** Of long texts, which are said again and again: the tools. */
const known = new Map<string, number>();
const LONG = 20_000;

function tokensOf(text: string): number {
  const before = known.get(text);
  if (before !== undefined) return before;
  const count = encode(text).length;
  if (text.length >= LONG) known.set(text, count);
  return count;
}
