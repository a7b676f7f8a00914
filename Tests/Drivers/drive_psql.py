"""psql through the proxy, as scripts are run: meta-commands, variables, COPY, single transactions, errors."""

import os
import pathlib
import subprocess
import tempfile

from harness import ON_REPLICA, PATIENCE, Difference, expect, expect_in, replicas_caught_up, run


def psql(script, *options, status=0, stdin=None):
    """Runs psql with the script as a file; returns what it printed."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *options, "-f", file.name],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    if done.returncode != status:
        raise Difference(f"psql ended with {done.returncode}, not {status}:\n{done.stdout}\n{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr


def create():
    psql(
        """
        CREATE TABLE fruit (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2));
        COMMENT ON TABLE fruit IS 'what is sold';
        CREATE INDEX fruit_name ON fruit (name);
        CREATE VIEW cheap AS SELECT * FROM fruit WHERE price < 2;
        CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
        COPY fruit FROM STDIN;
1\tapple\t1.50
2\tpear\t2.50
3\tplum\t\\N
\\.
        """
    )
    replicas_caught_up()


def meta_commands():
    table = psql("\\t off\n\\d fruit")
    expect_in("id|integer||not null|", table, "\\d")
    expect_in('"fruit_name" btree (name)', table, "\\d")
    expect_in("fruit|table|app", psql("\\dt"), "\\dt")
    expect_in("what is sold", psql("\\dt+ fruit"), "\\dt+")
    expect_in("cheap", psql("\\dv"), "\\dv")
    expect_in("twice|integer|integer|func", psql("\\df twice"), "\\df")
    expect_in("SELECT $1 * 2", psql("\\sf twice"), "\\sf")
    expect_in("app", psql("\\du"), "\\du")
    expect_in("app|", psql("\\l"), "\\l")
    expect_in("plpgsql", psql("\\dx"), "\\dx")
    port = os.environ["PGPORT"]
    expect_in(f'at port "{port}"', psql("\\conninfo"), "\\conninfo")


def reads_and_writes():
    expect(psql("SELECT (current_setting('cluster_name') <> 'primary');"), "t\n", "a read")
    expect(psql(f"UPDATE fruit SET price = 3 WHERE id = 3 RETURNING {ON_REPLICA};"), "f\n", "a write")
    out = psql(f"BEGIN;\nSELECT {ON_REPLICA};\nCOMMIT;\nSELECT {ON_REPLICA};")
    expect(out, "f\nt\n", "in and after a transaction")
    out = psql("BEGIN READ ONLY;\nSELECT (current_setting('cluster_name') <> 'primary');\nCOMMIT;")
    expect(out, "t\n", "in a read-only transaction")
    out = psql("SELECT 1\\; SELECT 2\\; SELECT (current_setting('cluster_name') <> 'primary');")
    expect(out, "1\n2\nt\n", "several statements in one message")
    expect(psql("SELECT 'it''s', $$dollar; quoted$$, E'\\\\';"), "it's|dollar; quoted|\\\n", "quoting")
    expect(psql(";\n;;\nSELECT 1;"), "1\n", "empty statements")


def variables_and_gset():
    script = """
        \\set wanted 2
        SELECT name AS found, price FROM fruit WHERE id = :wanted \\gset
        SELECT :'found', :price;
        \\if :{?found}
        SELECT 'set';
        \\endif
        SELECT 'SELECT ' || g FROM generate_series(1, 3) g \\gexec
        SELECT id, name FROM fruit WHERE id = 1 \\gx
        SELECT 1 AS a \\gdesc
        \\echo :ROW_COUNT :SERVER_VERSION_NUM
    """
    lines = psql(script).splitlines()
    expect(lines[:5], ["pear|2.50", "set", "1", "2", "3"], "variables")
    expect(lines[5:8], ["id|1", "name|apple", "a|integer"], "\\gx and \\gdesc")
    expect(lines[8].startswith("1 1"), True, "ROW_COUNT and the server's version")
    expect(psql("SELECT :'x', :\"y\" FROM (SELECT 1 AS c) t;", "-v", "x=a'b", "-v", "y=c"), "a'b|1\n", "-v")


def copy():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "out.csv"
        psql(f"\\copy (SELECT id, name FROM fruit ORDER BY id) TO '{path}' CSV HEADER")
        expect(path.read_text(), "id,name\n1,apple\n2,pear\n3,plum\n", "\\copy TO")
        many = pathlib.Path(directory) / "many.tsv"
        many.write_text("".join(f"{i}\tfruit {i}\t1\n" for i in range(100, 50100)))
        psql(f"\\copy fruit FROM '{many}'")
        expect(psql("SELECT count(*) FROM fruit /* howdah: primary */;"), "50003\n", "rows copied in")
        replicas_caught_up()
        out = psql("COPY (SELECT id, name, 1 FROM fruit WHERE id >= 100 ORDER BY id) TO STDOUT;")
        expect(out == many.read_text(), True, "the same rows copied out")
    expect(psql("COPY (SELECT (current_setting('cluster_name') <> 'primary')) TO STDOUT;"), "t\n", "where COPY TO runs")
    expect(psql(f"COPY (DELETE FROM fruit WHERE id >= 50000 RETURNING {ON_REPLICA}) TO STDOUT;")[:2], "f\n", "DML")
    out = psql("\\copy fruit (id, name) FROM pstdin\n", stdin="60000\tpiped\n\\.\n")
    expect(psql("SELECT name FROM fruit WHERE id = 60000 /* howdah: primary */;"), "piped\n", "\\copy FROM pstdin")
    error = psql("COPY fruit FROM STDIN;\nx\ty\tz\n\\.\nSELECT 'not reached';", status=3)
    expect_in("invalid input syntax for type integer", error, "a wrong line")
    psql("DELETE FROM fruit WHERE id >= 100;")
    replicas_caught_up()


def single_transaction():
    script = f"INSERT INTO fruit VALUES (10, 'kiwi', 1);\nSELECT {ON_REPLICA};\nSELECT 1/0;\n"
    out = psql(script, "-1", status=3)
    expect_in("f\n", out, "a read within -1")
    expect_in("division by zero", out, "the error")
    expect(psql("SELECT count(*) FROM fruit WHERE id = 10 /* howdah: primary */;"), "0\n", "rolled back as a whole")
    psql("INSERT INTO fruit VALUES (10, 'kiwi', 1);\nINSERT INTO fruit VALUES (11, 'lime', 1);", "-1")
    out = psql("DELETE FROM fruit WHERE id > 9 RETURNING id;")
    expect(out, "10\n11\n", "committed as a whole")


def errors():
    out = psql("SELECT 1;\nSELEC 2;\nSELECT 3;", status=3)
    expect(out.startswith("1\n"), True, "what came before the error")
    expect_in('syntax error at or near "SELEC"', out, "a syntax error")
    expect("3\n" in out, False, "what stands behind the error ran")
    expect_in("LINE 1: SELECT missing", psql("SELECT missing FROM fruit;", status=3), "the error's position")
    out = psql(
        "BEGIN;\nSELECT 1/0;\nSELECT 1;\nROLLBACK;\nSELECT 'after';", "-v", "ON_ERROR_STOP=0"
    )
    expect(out, "after\n", "after a failed transaction")
    out = psql(
        """
        \\set ON_ERROR_ROLLBACK on
        BEGIN;
        INSERT INTO fruit VALUES (20, 'fig', 1);
        INSERT INTO fruit VALUES (20, 'fig', 1);
        SELECT name FROM fruit WHERE id = 20;
        ROLLBACK;
        """,
        "-v",
        "ON_ERROR_STOP=0",
    )
    expect(out, "fig\n", "ON_ERROR_ROLLBACK")
    out = psql("BEGIN;\nSAVEPOINT a;\nSELECT 1/0;\nROLLBACK TO a;\nSELECT 2;\nCOMMIT;", "-v", "ON_ERROR_STOP=0")
    expect(out, "2\n", "a savepoint")
    out = psql(f"\\set AUTOCOMMIT off\nSELECT {ON_REPLICA};\nCOMMIT;\nSELECT 1;\nROLLBACK;")
    expect(out, "f\n1\n", "AUTOCOMMIT off")


def session_state():
    out = psql(
        """
        SET TimeZone = 'Asia/Tokyo';
        SELECT current_setting('TimeZone'), (current_setting('cluster_name') <> 'primary');
        SHOW TimeZone;
        RESET TimeZone;
        SELECT current_setting('TimeZone') = 'Asia/Tokyo';
        CREATE TEMP TABLE here (n int);
        INSERT INTO here VALUES (1), (2);
        SELECT count(*) FROM here;
        PREPARE p(int) AS SELECT name FROM fruit WHERE id = $1;
        EXECUTE p(1);
        EXECUTE p(2);
        DEALLOCATE p;
        BEGIN;
        DECLARE c CURSOR FOR SELECT id FROM fruit ORDER BY id;
        FETCH 2 FROM c;
        CLOSE c;
        COMMIT;
        DISCARD ALL;
        SELECT to_regclass('pg_temp.here') IS NULL;
        """
    )
    expect(out, "Asia/Tokyo|t\nAsia/Tokyo\nf\n2\napple\npear\n1\n2\nt\n", "a session's state")
    out = psql("\\encoding LATIN1\nSHOW client_encoding;\n\\encoding UTF8\nSELECT 'é';")
    expect(out, "LATIN1\né\n", "\\encoding")
    out = psql(f"\\set FETCH_COUNT 1\nSELECT id FROM fruit ORDER BY id;\nSELECT {ON_REPLICA};")
    expect(out, "1\n2\n3\nf\n", "FETCH_COUNT, which makes a transaction of each")
    environment = {"PGOPTIONS": "-c search_path=pg_catalog -c work_mem=3MB"}
    os.environ.update(environment)
    try:
        expect(psql("SHOW search_path;\nSHOW work_mem;"), "pg_catalog\n3MB\n", "PGOPTIONS")
    finally:
        for name in environment:
            del os.environ[name]


def listings_by_several_commands():
    done = subprocess.run(
        ["psql", "-XAt", "-c", "SELECT 1", "-c", "\\dt", "-c", "INSERT INTO fruit VALUES (30, 'date', 1)", "-c",
         "DELETE FROM fruit WHERE id = 30"],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    expect(done.returncode, 0, "-c several times")
    expect(done.stdout, "1\npublic|fruit|table|app\nINSERT 0 1\nDELETE 1\n", "-c several times")


def refused_connections():
    for options, message in ((["-d", "missing"], 'database "missing" does not exist'),):
        done = subprocess.run(
            ["psql", "-XAt", *options, "-c", "SELECT 1"], capture_output=True, text=True, timeout=PATIENCE
        )
        expect(done.returncode, 2, "an unknown database")
        expect_in(message, done.stderr, "an unknown database")


run(
    create,
    meta_commands,
    reads_and_writes,
    variables_and_gset,
    copy,
    single_transaction,
    errors,
    session_state,
    listings_by_several_commands,
    refused_connections,
)
