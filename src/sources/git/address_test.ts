import assert from "node:assert/strict";
import { gitAddress } from "./address.ts";

Deno.test("addresses of all usual forms are understood", () => {
  assert.deepEqual(gitAddress("https://host.example.com:8443/a/b.git/"), {
    over: "https",
    url: "https://host.example.com:8443/a/b.git",
    origin: "https://host.example.com:8443",
  });
  const ssh = (text: string) => {
    const address = gitAddress(text);
    return address.over === "ssh" && `${address.user} ${address.host} ${address.port} ${address.path}`;
  };
  assert.equal(ssh("git@github.com:team/templates.git"), "git github.com 22 team/templates.git");
  assert.equal(ssh("GitHub.com:a"), "git github.com 22 a");
  assert.equal(ssh("ssh://me@host:2222/~/x%20y.git"), "me host 2222 /~/x y.git");
  assert.equal(ssh("ssh://[::1]/x"), "git ::1 22 /x");
  assert.equal(ssh("git@[::1]:x"), "git ::1 22 x");
});

Deno.test("what is no address, or has secrets in it, is refused", () => {
  for (
    const [text, words] of [
      ["", /no address/],
      ["/etc/passwd", /no address/],
      ["file:///etc/passwd", /neither https nor ssh/],
      ["git://host/x", /neither/],
      ["http://host/x", /neither/],
      ["https://host/", /names no repository/],
      ["https://user:password@host/x", /belong into the Secret/],
      ["https://token@host/x", /belong into the Secret/],
      ["ssh://git:password@host/x", /belongs into the Secret/],
      ["https://host/x?y=1", /more than a host/],
      ["https://host/x#y", /more than a host/],
      ["ssh://host/", /its path/],
      ["git@host:-oProxyCommand", /its path/],
      ["ssh://host/x%0ay", /its path/],
      ["ssh://host/%", /decoded/],
    ] as const
  ) {
    assert.throws(() => gitAddress(text), words, text);
  }
});
