import assert from "node:assert/strict";
import { readLogin, sessionPlace, sshHandover, type SshRequest } from "./ssh.ts";
import { workspace } from "./testing.ts";

const page = "https://coder.example.com/@alice/dev";
const request: SshRequest = {
  workspace: workspace("coder.acme.alice.dev", { status: { accessURL: page } }),
  command: [],
  environment: { PATH: "/bin" },
  program: "/bin/coder",
  login: { url: "https://coder.example.com/" },
};
const file = "/home/a/.config/coderv2/session";

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
  assert.throws(() => sshHandover({ ...request, login: { url: "https://other.example.com" } }), elsewhere);
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
    () => sshHandover({ ...request, login: { url: "https://me:pass@other.example.com" } }),
    (error: Error) => !error.message.includes("pass@"),
  );
  // Nobody is logged in anywhere: the CLI asks them to.
  assert.ok(sshHandover({ ...request, login: {} }));
});

Deno.test("a session of which nobody says whose it is goes nowhere, until somebody says so", () => {
  const login = { unknown: file };
  assert.throws(
    () => sshHandover({ ...request, login }),
    /has a session in \/home\/a\/\S+\/session, and does not say of which Coder.*coder login https:\/\/coder\.example\.com.*--coder-url/,
  );
  const accessURL = "https://evil.example.com/@alice/dev";
  const elsewhere = workspace("coder.acme.alice.dev", { status: { accessURL } });
  const environment = { CODER_URL: "https://coder.example.com" };
  assert.throws(
    () => sshHandover({ ...request, workspace: elsewhere, login, environment }),
    /logged in at https:\/\/coder\.example\.com \(CODER_URL\)/,
  );
  assert.equal(
    sshHandover({ ...request, login, environment }).environment["CODER_URL"],
    "https://coder.example.com",
  );
  const said = sshHandover({
    ...request,
    workspace: elsewhere,
    login,
    coderUrl: "https://coder.example.com",
  });
  assert.equal(said.environment["CODER_URL"], "https://coder.example.com");
  // A token of the environment is the one that the CLI takes.
  const own = { ...environment, CODER_SESSION_TOKEN: "secret-token" };
  assert.ok(sshHandover({ ...request, login, environment: own }));
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

Deno.test("the CLI keeps its address and its session where it always does", () => {
  const at = (environment: Record<string, string>, os: string) => sessionPlace(environment, os);
  assert.deepEqual(at({ HOME: "/home/a" }, "linux"), {
    url: "/home/a/.config/coderv2/url",
    session: "/home/a/.config/coderv2/session",
  });
  assert.equal(at({ HOME: "/home/a", XDG_CONFIG_HOME: "/x/" }, "linux").url, "/x//coderv2/url");
  assert.equal(at({ HOME: "/h" }, "darwin").url, "/h/Library/Application Support/coderv2/url");
  assert.deepEqual(at({ CODER_CONFIG_DIR: "/c/" }, "darwin"), { url: "/c/url", session: "/c/session" });
});

Deno.test("who is logged in where is read from both files; what cannot be read counts as a session", async () => {
  const missing = new Deno.errors.NotFound("no such file");
  const denied = new Deno.errors.PermissionDenied("not yours");
  const read = (url: string | Error, session: string | Error) =>
    readLogin({ url: "/c/url", session: "/c/session" }, (path) => {
      const found = path === "/c/url" ? url : session;
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    });
  assert.deepEqual(await read("https://coder.example.com\n", "token"), { url: "https://coder.example.com" });
  assert.deepEqual(await read("https://coder.example.com\n", missing), { url: "https://coder.example.com" });
  assert.deepEqual(await read(missing, missing), {});
  assert.deepEqual(await read(missing, new Deno.errors.NotADirectory("a file")), {});
  assert.deepEqual(await read(missing, " \n"), {});
  for (const url of [missing, denied, "", "\n"]) {
    assert.deepEqual(await read(url, "token"), { unknown: "/c/session" });
    assert.deepEqual(await read(url, denied), { unknown: "/c/session" });
  }
});
