import assert from "node:assert/strict";
import { RedisLost, RedisRefusal } from "./wire.ts";
import { RedisUnfit, troubleOf } from "./words.ts";

Deno.test("what a Redis refuses is told in words that say what to do, and whether waiting helps", () => {
  const said = (text: string) => troubleOf(new RedisRefusal(text));
  for (
    const [text, words, isSetting] of [
      ["NOAUTH Authentication required.", /--session-store-password-file/, true],
      [
        "ERR AUTH <password> called without any password configured for the default user.",
        /another sign-in/,
        true,
      ],
      ["WRONGPASS invalid username-password pair or user is disabled.", /password or the user/, true],
      ["NOPERM this user has no permissions to run the 'eval' command", /ACL in docs/, true],
      ["ERR DB index is out of range", /database of that number/, true],
      ["DENIED Redis is running in protected mode", /protected mode/, true],
      ["READONLY You can't write against a read only replica.", /address of the primary/, false],
      ["OOM command not allowed when used memory > 'maxmemory'.", /full \(maxmemory\)/, false],
      ["MISCONF Redis is configured to save RDB snapshots", /own disk/, false],
      ["NOREPLICAS Not enough good replicas to write.", /min-replicas/, false],
      ["LOADING Redis is loading the dataset in memory", /soon/, false],
      ["BUSY Redis is busy running a script.", /script/, false],
      ["MOVED 3999 127.0.0.1:6381", /Redis Cluster/, true],
      ["CLUSTERDOWN Hash slot not served", /Redis Cluster/, true],
      ["ERR unknown command 'EVALSHA', with args beginning with:", /Redis 6.2 or later/, true],
      ["ERR max number of clients reached", /maxclients/, false],
      ["ERR something new", /^said: ERR something new$/, false],
    ] as const
  ) {
    assert.match(said(text).text, words);
    assert.equal(said(text).isSetting, isSetting, text);
  }
});

Deno.test("why a connection does not come to be is told in words", () => {
  const coded = (message: string, code: string) =>
    new RedisLost(message, { cause: Object.assign(new Error(message), { code }) });
  assert.match(troubleOf(coded("connect", "ECONNREFUSED")).text, /is it running/);
  assert.match(troubleOf(coded("getaddrinfo", "ENOTFOUND")).text, /host name that is not known/);
  for (
    const text of ["invalid peer certificate: UnknownIssuer", "self signed certificate", "NotValidForName"]
  ) {
    const { text: words, isSetting } = troubleOf(new RedisLost(text));
    assert.match(words, /cannot be trusted by TLS .*--session-store-ca-file/);
    assert.equal(isSetting, true);
  }
  assert.deepEqual(troubleOf(new RedisLost("reset")), { text: "does not answer (reset)", isSetting: false });
  assert.deepEqual(troubleOf("odd"), { text: "does not answer (odd)", isSetting: false });
  assert.deepEqual(troubleOf(new RedisUnfit("is a replica")), { text: "is a replica", isSetting: true });
});
