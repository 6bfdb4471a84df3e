import assert from "node:assert/strict";
import { projectName, pypiHtml, pypiPage } from "./pypi.ts";

const registry = { url: "https://index.example/simple" };
const url = new URL("https://index.example/simple/some-lib/");
const SHA = "a".repeat(64);

function read(body: unknown, type = "application/vnd.pypi.simple.v1+json") {
  return pypiPage(registry, "some-lib").read(
    typeof body === "string" ? body : JSON.stringify(body),
    type,
    url,
  );
}

Deno.test("names of projects have one form", () => {
  assert.equal(projectName("Some__Lib.-x"), "some-lib-x");
  for (const name of ["", "-a", "a-", "a/b", "..", "a b", "%2e", "é"]) {
    assert.equal(projectName(name), undefined, name);
  }
  assert.equal(pypiPage(registry, "some-lib").url, "https://index.example/simple/some-lib/");
});

Deno.test("a page in JSON keeps what it says, and its files are here", () => {
  const page = read({
    meta: { "api-version": "1.1" },
    name: "Some.Lib",
    versions: ["1.0"],
    files: [{
      filename: "some_lib-1.0+cpu-py3-none-any.whl",
      url: "https://files.example/x/some_lib-1.0%2Bcpu-py3-none-any.whl#egg=1",
      hashes: { sha256: SHA, md5: "b".repeat(32) },
      "requires-python": ">=3.8",
      "core-metadata": { sha256: "c".repeat(64) },
      yanked: "broken",
      size: 12,
    }],
  });
  const served = JSON.parse(page.document);
  assert.equal(served.name, "some-lib");
  assert.deepEqual(served.versions, ["1.0"]);
  const [file] = served.files;
  assert.equal(
    new URL(file.url, "http://127.0.0.1:1/pypi/simple/some-lib/").href,
    "http://127.0.0.1:1/pypi/files/some-lib/some_lib-1.0%2Bcpu-py3-none-any.whl",
  );
  assert.deepEqual(file.hashes, { sha256: SHA, md5: "b".repeat(32) });
  assert.equal(file["requires-python"], ">=3.8");
  assert.equal(file.yanked, "broken");
  assert.deepEqual(page.files, {
    "some_lib-1.0+cpu-py3-none-any.whl": {
      url: "https://files.example/x/some_lib-1.0%2Bcpu-py3-none-any.whl",
      hash: { algorithm: "sha256", hex: SHA },
    },
    "some_lib-1.0+cpu-py3-none-any.whl.metadata": {
      url: "https://files.example/x/some_lib-1.0%2Bcpu-py3-none-any.whl.metadata",
      hash: { algorithm: "sha256", hex: "c".repeat(64) },
    },
  });
});

Deno.test("a page in HTML is read like one in JSON, and written again", () => {
  const page = read(
    `<!DOCTYPE html><html><body><a href="../../packages/a-1.tar.gz#sha256=${SHA}" data-requires-python="&gt;=3.8,&lt;4">a-1.tar.gz</a>
     <A data-yanked HREF='https://files.example/a-2.tar.gz' data-dist-info-metadata="sha256=${SHA}">a-2.tar.gz</A>
     <a href="javascript:alert(1)">a-3.tar.gz</a><a>no address</a><a href="x/y">../../evil</a></body></html>`,
    "text/html; charset=utf-8",
  );
  assert.deepEqual(Object.keys(page.files), ["a-1.tar.gz", "a-2.tar.gz", "a-2.tar.gz.metadata"]);
  assert.equal(page.files["a-1.tar.gz"]!.url, "https://index.example/packages/a-1.tar.gz");
  assert.equal(page.files["a-2.tar.gz"]!.hash, undefined);
  const html = pypiHtml(page.document);
  assert.ok(
    html.includes(
      `href="../../files/some-lib/a-1.tar.gz#sha256=${SHA}" data-requires-python="&gt;=3.8,&lt;4"`,
    ),
  );
  assert.ok(html.includes(`data-yanked="" data-core-metadata="sha256=${SHA}"`));
  assert.ok(!html.includes("files.example") && !html.includes("evil"));
});

Deno.test("addresses in HTML are below the base that it tells", () => {
  const of = (html: string) => read(html, "text/html").files["a-1.zip"]?.url;
  const anchor = '<a class="x" href="b/a-1.zip" / >a-1.zip</a\n>';
  assert.equal(
    of(`<base target="x"><BASE\nHREF = "https://files.example/x/"/>${anchor}`),
    "https://files.example/x/b/a-1.zip",
  );
  assert.equal(of(`<base href="/y/?a=1&amp;b=2">${anchor}`), "https://index.example/y/b/a-1.zip");
  assert.equal(of(`<base href="https://">${anchor}`), "https://index.example/simple/some-lib/b/a-1.zip");
  // Each address would be as long as it.
  const long = `https://files.example/${"x".repeat(5_000)}/`;
  assert.equal(of(`<base href="${long}">${anchor}`), "https://index.example/simple/some-lib/b/a-1.zip");
});

Deno.test("HTML that is not as it should be is passed over, the rest of it is read", () => {
  const of = (html: string) => Object.keys(read(html, "text/html").files);
  const good = '<a href="a-1.zip">a-1.zip</a>';
  assert.deepEqual(of(`<a <a href="a-0.zip">a-0.zip</a>${good}`), ["a-0.zip", "a-1.zip"]);
  assert.deepEqual(of(`<a href="a-0.zip"><b>a-0.zip</b></a>${good}`), ["a-1.zip"]);
  assert.deepEqual(of(`<a href="a-0.zip">a-0.zip</a <a>${good}`), ["a-1.zip"]);
  assert.deepEqual(of(`<abbr href="a-0.zip">a-0.zip</abbr>${good}<a href="a-2.zip">a-2.zip`), ["a-1.zip"]);
  assert.deepEqual(of(`${good}<a href="a-2.zip"`), ["a-1.zip"]);
});

Deno.test("HTML that is made to be read for long is not", () => {
  const many = (text: string) => text.repeat(Math.ceil(4_000_000 / text.length));
  // Whoever went back at each would be at it for hours.
  for (
    const text of [
      many("<a "),
      `${many("<a ")}>`,
      `${many("<a ")}>${many("<a >")}`,
      many("<a >"),
      many("<a ></a "),
      `<a >x</a${many(" ")}`,
      many("<base "),
      `<base href${many(" ")}`,
      `<base ${many("href=")}`,
      `<a ${many('a="')}>x</a>`,
      `<a ${many("a =")}>x</a>`,
      `<a a${many(" ")}>x</a>`,
      `<a href="${many("&#")}">${many("&a")}</a>`,
      `<a href="x#${many("a")}"> </a>`,
    ]
  ) {
    assert.deepEqual(Object.keys(read(text, "text/html").files), [], text.slice(0, 20));
  }
});

Deno.test("a page over https has no files by http", () => {
  const page = read({
    name: "a",
    files: [{ filename: "a-1.zip", url: "http://files.example/a-1.zip", hashes: {} }],
  });
  assert.deepEqual(page.files, {});
});

Deno.test("what is no page is an error", () => {
  assert.throws(() => read("<html>", "application/json"));
  assert.throws(() => read({ files: "x" }));
});
