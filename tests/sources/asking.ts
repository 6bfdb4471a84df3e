/** For this folder's tests: questions to readers, and how they are refused. */
import assert from "node:assert/strict";
import { SourceError, type SourceReason } from "../../src/sources/mod.ts";

export const signal = () => new AbortController().signal;

export function secretOf(data: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(data).map(([key, value]) => [key, new TextEncoder().encode(value)]));
}

/** Of `assert.rejects`: so, and without anything that nobody may read. */
export function isRefused(reason: SourceReason, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SourceError, String(error));
    assert.deepEqual([error.reason, words.test(error.message)], [reason, true], error.message);
    assert.doesNotMatch(error.message, /hunter2|SECRET/);
    return true;
  };
}
