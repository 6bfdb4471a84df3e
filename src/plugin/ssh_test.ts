import assert from "node:assert/strict";
import { sessionFiles, sshHandover, type SshRequest } from "./ssh.ts";
import { workspace } from "./testing.ts";

const page = "https://coder.example.com/@alice/dev";
const request: SshRequest = {
  workspace: workspace("coder.acme.alice.dev", { status: { accessURL: page } }),
  command: [],
  environment: { PATH: "/bin" },
  program: "/bin/coder",
  loggedInAt: "https://coder.example.com/",
};

Deno.test("the CLI is started for the owner's workspace, at its Coder, with all of the environment", () => {
  assert.deepEqual(sshHandover(request), {
    program: "/bin/coder",
    args: ["ssh", "alice/dev"],
    environment: { PATH: "/bin", CODER_URL: "https://coder.example.com" },
  });
  const { args } = sshHandover({ ...request, agent: "gpu", command: ["ls", "-l"] });
  assert.deepEqual(args, ["ssh", "alice/dev.gpu", "--", "ls", "-l"]);
});

Deno.test("without the CLI, or an address, it is said what to do", () => {
  assert.throws(
    () => sshHandover({ ...request, program: undefined }),
    /not installed.*https:\/\/coder\.example\.com\/install\.sh.*coder login https:\/\/coder\.example\.com\. .*open/,
  );
  assert.throws(() => sshHandover({ ...request, workspace: workspace("a.b.c") }), /--coder-url/);
  assert.equal(
    sshHandover({ ...request, workspace: workspace("a.b.c"), coderUrl: "https://coder.example.com" }).args[1],
    "b/c",
  );
});

Deno.test("a token goes to no other Coder than its own", () => {
  const elsewhere =
    /logged in at https:\/\/other\.example\.com.*workspace is at https:\/\/coder\.example\.com/;
  assert.throws(() => sshHandover({ ...request, loggedInAt: "https://other.example.com" }), elsewhere);
  const environment = { CODER_URL: "https://other.example.com", CODER_SESSION_TOKEN: "secret-token" };
  assert.throws(() => sshHandover({ ...request, environment }), elsewhere);
  assert.throws(
    () => sshHandover({ ...request, environment: { CODER_SESSION_TOKEN: "secret-token" } }),
    (error: Error) => /set CODER_URL/.test(error.message) && !error.message.includes("secret-token"),
  );
  const own = { CODER_URL: "https://coder.example.com/", CODER_SESSION_TOKEN: "secret-token" };
  assert.equal(
    sshHandover({ ...request, environment: own }).environment["CODER_SESSION_TOKEN"],
    "secret-token",
  );
  assert.throws(
    () => sshHandover({ ...request, loggedInAt: "https://me:pass@other.example.com" }),
    (error: Error) => !error.message.includes("pass@"),
  );
  // Nobody is logged in anywhere: the CLI asks them to.
  assert.ok(sshHandover({ ...request, loggedInAt: undefined }));
});

Deno.test("what a server says becomes no option of the CLI, and no command of a shell", () => {
  for (const name of ["coder.acme.--url=evil.dev", "coder.acme.alice.-x", "coder.acme.alice.", "dev"]) {
    const odd = workspace(name, { status: { accessURL: page } });
    assert.throws(
      () => sshHandover({ ...request, workspace: odd }),
      /no name that the Coder CLI knows/,
      name,
    );
  }
  const accessURL = "https://coder.example.com/$(id);'x/@alice/dev";
  const odd = workspace("coder.acme.alice.dev", { status: { accessURL } });
  assert.throws(
    () => sshHandover({ ...request, workspace: odd, program: undefined }),
    /curl -fsSL 'https:\/\/coder\.example\.com\/\$\(id\);%27x\/install\.sh' \| sh, then coder login 'https:\/\/[^ ]*%27x'\. /,
  );
});

Deno.test("the CLI's own file says where it is logged in", () => {
  assert.deepEqual(sessionFiles({ HOME: "/home/a" }, "linux"), ["/home/a/.config/coderv2/url"]);
  assert.deepEqual(sessionFiles({ HOME: "/home/a", XDG_CONFIG_HOME: "/x/" }, "linux"), ["/x//coderv2/url"]);
  assert.deepEqual(sessionFiles({ HOME: "/h" }, "darwin"), ["/h/Library/Application Support/coderv2/url"]);
  assert.deepEqual(sessionFiles({ CODER_CONFIG_DIR: "/c/" }, "darwin"), ["/c/url"]);
});
