@testable import StatementRouting

/// Statements and where they go. A row is the expected reason, a colon, and the text; `\n` and `\r` in it stand for
/// line breaks.
struct RoutingTable {
    struct Row {
        var reason: RouteReason
        var text: String

        var access: Access {
            switch reason {
            case .plainRead, .emptyQuery, .sessionCommand, .howdahCommand: .read
            case .preparedExecute, .unparsable, .tooDeep, .tooLong, .clientEncoding: .unknown
            default: .write
            }
        }
    }

    static let rows: [Row] = [
        reads, writes, locks, functions, relations, utilities, sessions, traps, copies, several, unknown,
    ].flatMap { section in
        section.split(separator: "\n").map { line in
            let colon = line.firstIndex(of: ":")!
            let name = String(line[..<colon].trimmingPrefix { $0 == " " })
            let text = String(line[line.index(after: colon)...].trimmingPrefix { $0 == " " })
                .replacing("\\n", with: "\n").replacing("\\r", with: "\r")
            guard let reason = RouteReason.allCases.first(where: { $0.name.description == name }) else {
                preconditionFailure("no reason is called \(name)")
            }
            return Row(reason: reason, text: text)
        }
    }

    static let reads = #"""
        plain_read: SELECT 1
        plain_read: select
        plain_read: SELECT * FROM accounts WHERE id = 42;
        plain_read: SELECT abalance FROM pgbench_accounts WHERE aid = 12345;
        plain_read: SELECT abalance FROM pgbench_accounts WHERE aid = $1
        plain_read: TABLE accounts
        plain_read: VALUES (1, 'a'), (2, 'b')
        plain_read: VALUES (1), (2) ORDER BY 1 LIMIT 1
        plain_read: (SELECT 1)
        plain_read: ((SELECT 1) UNION ALL (SELECT 2)) ORDER BY 1
        plain_read: SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4
        plain_read: WITH a AS (SELECT 1) SELECT * FROM a
        plain_read: WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) FROM t
        plain_read: WITH a AS MATERIALIZED (SELECT 1), b AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, b
        plain_read: SELECT count(*), max(x), sum(y) FILTER (WHERE y > 0) FROM t GROUP BY ROLLUP (a, b) HAVING count(*) > 1
        plain_read: SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t
        plain_read: SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY lower(name))
        plain_read: SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t
        plain_read: SELECT a.id FROM a JOIN b USING (id) LEFT JOIN c ON c.id = b.id CROSS JOIN LATERAL (SELECT 1) l
        plain_read: SELECT * FROM a NATURAL JOIN b
        plain_read: SELECT * FROM generate_series(1, 10) AS g(i)
        plain_read: SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY[1, 2])) WITH ORDINALITY
        plain_read: SELECT CASE WHEN a = 1 THEN 'x' WHEN a = 2 THEN 'y' ELSE 'z' END FROM t
        plain_read: SELECT CAST(a AS text), b::int, date '2024-01-01', interval '1 day' FROM t
        plain_read: SELECT a[1], a[2:3], (c).d, ROW(1, 2), ARRAY[1, 2, 3], '{1}'::int[] FROM t
        plain_read: SELECT extract(year FROM now()), position('a' IN 'abc'), substring('abc' FROM 1 FOR 2), trim(both ' ' FROM x) FROM t
        plain_read: SELECT overlay('abc' PLACING 'x' FROM 2), now() AT TIME ZONE 'UTC', x COLLATE "C", normalize('a') FROM t
        plain_read: SELECT coalesce(a, b), nullif(a, b), greatest(1, 2), least(1, 2), xmlelement(name x) FROM t
        plain_read: SELECT current_user, session_user, current_date, current_timestamp, localtime, current_schema
        plain_read: SELECT * FROM t WHERE a IN (1, 2, 3) AND b NOT IN (SELECT 1) OR EXISTS (SELECT 1) AND c = ANY (ARRAY[1])
        plain_read: SELECT * FROM t WHERE a LIKE 'x%' ESCAPE '!' AND b ILIKE 'y' AND c SIMILAR TO 'z' AND d BETWEEN 1 AND 2
        plain_read: SELECT * FROM t WHERE a IS NOT DISTINCT FROM b AND c IS NOT NULL AND d IS TRUE
        plain_read: SELECT * FROM t WHERE (a, b) IN ((1, 2), (3, 4))
        plain_read: SELECT * FROM t WHERE (a, b) > (1, 2)
        plain_read: SELECT * FROM t TABLESAMPLE bernoulli (10) REPEATABLE (1)
        plain_read: SELECT * FROM t ORDER BY a DESC NULLS LAST OFFSET 5 ROWS FETCH FIRST 10 ROWS WITH TIES
        plain_read: SELECT DISTINCT ON (a) a, b FROM t ORDER BY a LIMIT ALL
        plain_read: SELECT * FROM ONLY t
        plain_read: SELECT t.* FROM t
        plain_read: SELECT t.a, public.t.b FROM public.t
        plain_read: SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS x text PATH 'b')
        plain_read: SELECT json_build_object('a', 1), to_jsonb(t), x->'a'->>'b', y @> '{}' FROM t
        plain_read: SELECT to_tsvector('english', x) @@ plainto_tsquery('a') FROM t
        plain_read: SELECT string_agg(x, ',' ORDER BY x), array_agg(DISTINCT y) FROM t
        plain_read: SELECT oid FROM pg_class WHERE relname = 'x'
        plain_read: SELECT * FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        plain_read: SELECT * FROM information_schema.tables
        plain_read: SELECT * FROM pg_stats
        plain_read: SELECT * FROM pg_statistic
        plain_read: EXPLAIN SELECT 1
        plain_read: EXPLAIN ANALYZE SELECT * FROM t
        plain_read: EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM t
        plain_read: SHOW work_mem
        plain_read: SHOW search_path
        plain_read: SHOW TIME ZONE
        plain_read: SHOW TRANSACTION ISOLATION LEVEL
        plain_read: SHOW server_version
        """#

    static let writes = #"""
        dml: INSERT INTO t VALUES (1)
        dml: INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y') ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *
        dml: INSERT INTO t DEFAULT VALUES
        dml: INSERT INTO t SELECT * FROM u
        dml: UPDATE t SET a = 1 WHERE b = 2
        dml: UPDATE t SET (a, b) = (SELECT 1, 2) FROM u RETURNING t.a
        dml: DELETE FROM t USING u WHERE t.id = u.id
        dml: DELETE FROM t WHERE CURRENT OF c
        dml: MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)
        dml: TRUNCATE t, u RESTART IDENTITY CASCADE
        dml: WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a
        dml: WITH a AS (UPDATE t SET x = 1 RETURNING *) SELECT count(*) FROM a
        dml: WITH a AS (DELETE FROM t RETURNING *), b AS (SELECT * FROM a) SELECT * FROM b
        dml: WITH a AS (WITH b AS (WITH c AS (DELETE FROM t RETURNING 1) SELECT * FROM c) SELECT * FROM b) SELECT * FROM a
        dml: SELECT * FROM x WHERE id IN (WITH d AS (SELECT 1) SELECT 1) UNION (WITH e AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM e)
        dml: WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a
        dml: WITH a AS (SELECT 1) UPDATE t SET x = 1
        dml: EXPLAIN ANALYZE INSERT INTO t VALUES (1)
        dml: EXPLAIN (ANALYZE off) DELETE FROM t
        dml: EXPLAIN DELETE FROM t
        dml: EXPLAIN ANALYZE WITH a AS (DELETE FROM t RETURNING 1) SELECT 1
        dml: PREPARE p AS INSERT INTO t VALUES ($1)
        select_into: SELECT * INTO u FROM t
        select_into: SELECT 1 AS a INTO TABLE u
        select_into: SELECT * INTO UNLOGGED u FROM t
        select_into: SELECT * INTO TEMP u FROM t
        select_into: WITH a AS (SELECT 1) SELECT * INTO u FROM a
        select_into: EXPLAIN ANALYZE SELECT * INTO u FROM t
        ddl: CREATE TABLE t (id serial PRIMARY KEY, x int DEFAULT nextval('s'))
        ddl: CREATE TABLE u AS SELECT * FROM t
        ddl: CREATE TEMP TABLE u AS SELECT 1
        ddl: CREATE TABLE IF NOT EXISTS t ()
        ddl: CREATE INDEX CONCURRENTLY i ON t (lower(a))
        ddl: CREATE VIEW v AS SELECT 1
        ddl: CREATE MATERIALIZED VIEW v AS SELECT 1
        ddl: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$
        ddl: CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END
        ddl: CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'delete from t'
        ddl: CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
        ddl: CREATE RULE r AS ON INSERT TO t DO ALSO NOTIFY x
        ddl: CREATE SCHEMA s CREATE TABLE t (a int)
        ddl: CREATE SEQUENCE s
        ddl: CREATE TYPE e AS ENUM ('a', 'b')
        ddl: CREATE TYPE c AS (a int)
        ddl: CREATE DOMAIN d AS int CHECK (value > 0)
        ddl: CREATE EXTENSION hstore
        ddl: CREATE DATABASE d
        ddl: CREATE ROLE r LOGIN PASSWORD 'x'
        ddl: CREATE PUBLICATION p FOR TABLE t
        ddl: CREATE AGGREGATE a (int) (sfunc = f, stype = int)
        ddl: ALTER TABLE t ADD COLUMN x int
        ddl: ALTER TABLE t SET UNLOGGED
        ddl: ALTER SYSTEM SET work_mem = '1MB'
        ddl: ALTER ROLE r SET search_path = a
        ddl: ALTER DATABASE d SET work_mem = '1MB'
        ddl: ALTER SEQUENCE s RESTART
        ddl: DROP TABLE t
        ddl: DROP FUNCTION f(int)
        ddl: DROP DATABASE d
        ddl: DROP OWNED BY r
        ddl: GRANT SELECT ON t TO r
        ddl: REVOKE ALL ON t FROM r
        ddl: COMMENT ON TABLE t IS 'select'
        ddl: REASSIGN OWNED BY a TO b
        ddl: SECURITY LABEL ON TABLE t IS 'x'
        ddl: IMPORT FOREIGN SCHEMA s FROM SERVER r INTO t
        ddl: EXPLAIN CREATE TABLE u AS SELECT 1
        """#

    static let locks = #"""
        row_lock: SELECT * FROM t FOR UPDATE
        row_lock: SELECT * FROM t FOR NO KEY UPDATE
        row_lock: SELECT * FROM t FOR SHARE
        row_lock: SELECT * FROM t FOR KEY SHARE OF t NOWAIT
        row_lock: SELECT * FROM t WHERE id = 1 FOR UPDATE SKIP LOCKED LIMIT 1
        row_lock: SELECT * FROM (SELECT * FROM t FOR UPDATE) x
        row_lock: WITH a AS (SELECT * FROM t FOR SHARE) SELECT * FROM a
        row_lock: SELECT (SELECT id FROM t LIMIT 1 FOR UPDATE)
        row_lock: SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR KEY SHARE)
        row_lock: DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE
        """#

    static let utilities = #"""
        call: CALL p(1)
        call: CALL p(nextval('s'))
        do_block: DO $$ BEGIN PERFORM 1; END $$
        do_block: DO LANGUAGE plpgsql 'begin end'
        lock: LOCK TABLE t IN ACCESS SHARE MODE
        lock: LOCK t
        maintenance: VACUUM
        maintenance: VACUUM (ANALYZE) t
        maintenance: ANALYZE t
        maintenance: CLUSTER t
        maintenance: REINDEX TABLE t
        maintenance: CHECKPOINT
        maintenance: REFRESH MATERIALIZED VIEW v
        notify: NOTIFY a
        notify: NOTIFY a, 'b'
        listen: LISTEN a
        listen: UNLISTEN a
        listen: UNLISTEN *
        load: LOAD 'x'
        """#

    static let traps = #"""
        empty_query: ;
        empty_query: ;;  ;
        empty_query: -- nothing
        empty_query: /* nothing */
        plain_read: SELECT 'insert into t; delete from t; nextval(''s'')'
        plain_read: SELECT 'it''s; DROP TABLE t; --'
        plain_read: SELECT E'it\'s; DROP TABLE t; --'
        plain_read: SELECT E'\\', 'x'
        volatile_function: SELECT E'\\', nextval('s'), '\'
        volatile_function: SELECT '\', nextval('s'), '\'
        plain_read: SELECT '\'', nextval(''s''), '
        plain_read: SELECT $$ insert into t $$
        plain_read: SELECT $a$ $$ '; drop table t; $b$ $a$
        plain_read: SELECT $a$nextval('s')$a$
        volatile_function: SELECT $a$ $a $a$, nextval('s')
        volatile_function: SELECT a$b$c, nextval('s'), d$b$ FROM t
        unparsable: SELECT $1$ nextval('s') $1$
        plain_read: SELECT U&'d\0061t' , U&'!0061' UESCAPE '!'
        plain_read: SELECT N'nextval', B'101', X'1F', b'1', x'f'
        unparsable: SELECT B'1''; DELETE FROM t; --'
        plain_read: SELECT 1 -- ; DELETE FROM t
        plain_read: SELECT 1 -- ; DELETE FROM t\n, 2
        dml: SELECT 1 -- x\n; DELETE FROM t
        dml: SELECT 1 -- x\r; DELETE FROM t
        plain_read: SELECT /* ; delete from t */ 1
        plain_read: SELECT /* /* ; */ delete from t */ 1
        dml: SELECT /* /* */ */ 1; DELETE FROM t
        dml: /* SELECT */ DELETE FROM t
        dml: /* /* a */ b */ INSERT INTO t VALUES (1)
        dml: -- SELECT 1\nDELETE FROM t
        plain_read: SELECT 1 /* -- */, 2
        plain_read: SELECT 1 - - 1
        plain_read: SELECT 1 --1\n
        plain_read: SELECT 1+/*x*/-1
        plain_read: SELECT 'a'\n'b; delete from t'
        plain_read: SELECT 'a' -- c\n 'b; delete from t'
        unparsable: SELECT 'a' 'b'
        plain_read: SELECT E'a'\n'b\'; delete from t; --'
        dml: SELECT 'a'\n'b\'; delete from t; --'
        plain_read: SELECT "insert", "delete from t" FROM "update"
        plain_read: SELECT "a""; delete from t; --" FROM t
        plain_read: SELECT "nextval('s')" FROM t
        plain_read: SELECT "touch"."x" FROM "touch"
        volatile_function: SELECT "touch"()
        unknown_function: SELECT "Touch"()
        plain_read: SELECT update, delete FROM (SELECT 1 AS update, 2 AS delete) insert
        plain_read: SELECT 1 AS "for update"
        plain_read: SELECT 1 end
        plain_read: SELECT 1 AS case, 2 AS end
        plain_read: SELECT * FROM t WHERE a = 'x' AND b = 'FOR UPDATE'
        plain_read: select'a'from t where'b'='c'
        plain_read: SELECT 1e5, .5, 5., 1.5e-3, 1e+2
        plain_read: SELECT a.b.c.d FROM t
        plain_read: SELECT 1::int::text::varchar(10)
        plain_read: SELECT float '1', x::float(10), numeric(10, 2) '1', '1'::bit(3), '1'::char(5), time(3) '1:00' FROM t
        plain_read: SELECT * FROM t WHERE a IN (-1, +2, 'x', NULL, TRUE, $1, 1.5, X'1')
        volatile_function: SELECT * FROM t WHERE a IN (1, 2, nextval('s'), 3)
        volatile_function: SELECT * FROM t WHERE a IN ((1), (nextval('s')))
        volatile_function: SELECT ARRAY[1, 2, nextval('s')]
        plain_read: SELECT ARRAY[[1, 2], [3, 4]]
        plain_read: SELECT éa FROM tébla WHERE ü = 'ß'
        dml: /* 'quote */ DELETE FROM t --'
        dml: DELETE/**/FROM/**/t
        dml: \n\r\n DELETE FROM t
        """#

    static let copies = #"""
        plain_read: COPY t TO STDOUT
        plain_read: COPY t (a, b) TO STDOUT WITH (FORMAT csv, HEADER)
        plain_read: COPY (SELECT * FROM t) TO STDOUT
        plain_read: COPY (VALUES (1)) TO STDOUT CSV
        copy_from: COPY t FROM STDIN
        copy_from: COPY t FROM STDIN WITH (FORMAT binary)
        copy_from: COPY t FROM '/tmp/x'
        copy_from: COPY t FROM PROGRAM 'cat'
        copy_server_file: COPY t TO '/tmp/x'
        copy_server_file: COPY t TO PROGRAM 'cat'
        copy_dml: COPY (INSERT INTO t VALUES (1) RETURNING *) TO STDOUT
        copy_dml: COPY (WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a) TO STDOUT
        copy_dml: COPY (UPDATE t SET a = 1 RETURNING *) TO STDOUT
        volatile_function: COPY (SELECT nextval('s')) TO STDOUT
        row_lock: COPY (SELECT * FROM t FOR UPDATE) TO STDOUT
        """#

    static let several = #"""
        plain_read: SELECT 1; SELECT 2
        plain_read: SELECT 1;; SELECT 2;
        plain_read: SELECT ';'; SELECT ';'
        dml: SELECT 1; INSERT INTO t VALUES (1)
        dml: INSERT INTO t VALUES (1); SELECT 1
        dml: SELECT 1; SELECT 2; SELECT 3; UPDATE t SET a = 1; SELECT 4
        volatile_function: SELECT 1; SELECT nextval('s'); DELETE FROM t
        ddl: SELECT 1; DROP TABLE t
        session_command: SET work_mem = 1; SELECT 1
        """#

    static let unknown = #"""
        unparsable: SELEC 1
        unparsable: SELECT * FROM
        unparsable: SELECT 'unterminated
        unparsable: SELECT "unterminated
        unparsable: SELECT $$unterminated
        unparsable: SELECT $a$ unterminated $b$
        unparsable: SELECT /* unterminated
        unparsable: SELECT E'unterminated\'
        unparsable: SELECT ""
        unparsable: SELECT (1
        unparsable: SELECT 1; SELEC 2
        unparsable: SELECT {fn now()}
        unparsable: garbage
        unparsable: MERGE INTO t USING u ON true WHEN NOT MATCHED BY SOURCE THEN DELETE
        """#
}
