import assert from "node:assert/strict";
import { rowsOf, runSql, SqlError } from "./psql.ts";
import { script, withDir } from "./testing_dir.ts";

Deno.test("rows are read with commas, quotes, line ends, empty texts and NULL in them", () => {
  const csv = 'a,"b ""x""",c\n1,"x,""y""\nz",\n␀NULL␀,␀NULL␀,"␀NULL␀ "\n';
  assert.deepEqual(rowsOf(csv), [
    { a: "1", 'b "x"': 'x,"y"\nz', c: "" },
    { a: null, 'b "x"': null, c: "␀NULL␀ " },
  ]);
});

Deno.test("a statement without rows gives none", () => {
  assert.deepEqual(rowsOf(""), []);
  assert.deepEqual(rowsOf("a,b\n"), []);
});

Deno.test("one column with an empty text is a row", () => {
  assert.deepEqual(rowsOf('a\n""\n'), [{ a: "" }]);
  assert.deepEqual(rowsOf("a\n\n"), [{ a: "" }]);
});

Deno.test("the statement goes through standard input, parameters as variables", () =>
  withDir(async (dir) => {
    const psql = await script(dir, "psql", `echo "$@" > ${dir}/args; cat > ${dir}/input; printf 'n\\n7\\n'`);
    const rows = await runSql(psql, "postgres://x", "select :'a' -- why\n;", { params: { a: "it's" } });
    assert.deepEqual(rows, [{ n: "7" }]);
    assert.equal(await Deno.readTextFile(`${dir}/input`), "select :'a' -- why\n\n;\n");
    assert.match(await Deno.readTextFile(`${dir}/args`), /--set=a=it's .*postgres:\/\/x/);
  }));

Deno.test("what the server says no to is an error with its words and the statement, without the password", () =>
  withDir(async (dir) => {
    const psql = await script(dir, "psql", 'echo "ERROR:  relation \\"t\\" does not exist" >&2; exit 3');
    await assert.rejects(
      runSql(psql, "postgres://u:secret@h/d", `select *\n  from t where ${"x".repeat(200)}`),
      (error) =>
        error instanceof SqlError && /select \* from t .*…: ERROR: {2}relation "t"/.test(error.message) &&
        !error.message.includes("secret"),
    );
  }));

Deno.test("a client that hangs is ended at the deadline", () =>
  withDir(async (dir) => {
    const psql = await script(dir, "psql", "exec sleep 60");
    await assert.rejects(
      runSql(psql, "postgres://x", "select 1", { timeoutMs: 100 }),
      /select 1 took longer than 0\.1 s/,
    );
  }));
