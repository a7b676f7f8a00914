/// What is decided by what the catalog says of a name.
extension RoutingTable {
    static let functions = #"""
        plain_read: SELECT random(), clock_timestamp(), gen_random_uuid(), pg_sleep(0.1), timeofday()
        plain_read: SELECT inet_server_port(), inet_server_addr(), version(), pg_backend_pid()
        connection_state: SELECT pg_is_in_recovery()
        connection_state: SELECT NOT pg_catalog.pg_is_in_recovery() AND true
        connection_state: SELECT * FROM pg_is_in_recovery() AS r(standby)
        connection_state: SELECT pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn()
        connection_state: SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())
        connection_state: SELECT pg_is_wal_replay_paused(), pg_postmaster_start_time()
        connection_state: EXPLAIN SELECT pg_is_in_recovery()
        connection_state: COPY (SELECT pg_is_in_recovery()) TO STDOUT
        connection_state: SELECT current_setting('transaction_read_only')
        connection_state: SELECT pg_catalog.current_setting('In_Hot_Standby', true)
        connection_state: SELECT current_setting('default_transaction_read_only'::text) = 'on'
        connection_state: SELECT current_setting(E'transaction_read_only')
        connection_state: SELECT current_setting('transaction_'\n'read_only')
        connection_state: SELECT current_setting('transaction_' || 'read_only')
        connection_state: SELECT current_setting($1)
        connection_state: SELECT current_setting($$in_hot_standby$$)
        connection_state: SELECT current_setting(name) FROM names
        connection_state: SELECT "current_setting"('work_mem')
        plain_read: SELECT current_setting('work_mem'), current_setting('app.tenant'::text, true), upper('in_hot_standby')
        plain_read: SELECT pg_catalog.current_setting('TimeZone')
        plain_read: SELECT other.pg_is_in_recovery FROM other
        plain_read: SELECT now(), statement_timestamp(), transaction_timestamp()
        plain_read: SELECT pg_relation_size('t'), pg_database_size('d'), pg_total_relation_size('t')
        plain_read: SELECT current_setting('work_mem'), has_table_privilege('t', 'select'), to_regclass('t')
        plain_read: SELECT pg_catalog.random()
        plain_read: SELECT pure(1), lookup(2), public.pure(3)
        plain_read: SELECT overloaded(1)
        plain_read: SELECT defaulted()
        plain_read: SELECT tricky()
        plain_read: SELECT lower('A'), LOWER('A'), "lower"('A'), pg_catalog.lower('A')
        plain_read: SELECT "LOWER" FROM t
        plain_read: SELECT nextval FROM t
        plain_read: SELECT "nextval" FROM t
        plain_read: SELECT t.nextval FROM t
        plain_read: SELECT 1 AS touch
        plain_read: SELECT touch FROM t
        plain_read: SELECT t.touch FROM t
        plain_read: SELECT * FROM touch
        plain_read: SELECT public.in(1)
        volatile_function: SELECT public.in(1, 2)
        volatile_function: SELECT nextval('s')
        volatile_function: SELECT NEXTVAL('s')
        volatile_function: SELECT "nextval"('s')
        volatile_function: SELECT nextval ( 's' :: regclass )
        volatile_function: SELECT nextval/* c */('s')
        volatile_function: SELECT nextval--x\n('s')
        volatile_function: SELECT pg_catalog.nextval('s')
        volatile_function: SELECT "pg_catalog"."nextval"('s')
        volatile_function: SELECT U&"nextval"('s')
        volatile_function: SELECT U&"n\0065xtval"('s')
        volatile_function: SELECT U&"n!0065xtval" UESCAPE '!' ('s')
        volatile_function: SELECT setval('s', 1), currval('s')
        volatile_function: SELECT lastval()
        volatile_function: SELECT currval('s')
        volatile_function: SELECT set_config('a.b', 'c', false)
        volatile_function: SELECT pg_advisory_lock(1)
        volatile_function: SELECT pg_try_advisory_xact_lock(1, 2)
        volatile_function: SELECT pg_advisory_unlock_all()
        volatile_function: SELECT lo_create(0), lo_get(1)
        volatile_function: SELECT lo_unlink(1)
        volatile_function: SELECT txid_current()
        volatile_function: SELECT pg_current_xact_id()
        volatile_function: SELECT pg_current_wal_lsn()
        volatile_function: SELECT pg_notify('a', 'b')
        volatile_function: SELECT pg_export_snapshot()
        volatile_function: SELECT pg_switch_wal()
        volatile_function: SELECT pg_create_restore_point('x')
        volatile_function: SELECT pg_terminate_backend(1)
        volatile_function: SELECT pg_cancel_backend(1)
        volatile_function: SELECT pg_reload_conf()
        volatile_function: SELECT pg_promote()
        volatile_function: SELECT setseed(0.5)
        volatile_function: SELECT query_to_xml('delete from t', true, true, '')
        volatile_function: SELECT ts_stat('select 1')
        volatile_function: SELECT pg_logical_emit_message(true, 'a', 'b')
        volatile_function: SELECT pg_listening_channels()
        volatile_function: SELECT touch()
        volatile_function: SELECT public.touch()
        volatile_function: SELECT mine()
        volatile_function: SELECT overloaded(1, 2)
        volatile_function: SELECT overloaded(a => 1, b => 2)
        volatile_function: SELECT overloaded(a := 1, b := 2)
        volatile_function: SELECT spread(1, 2, 3)
        volatile_function: SELECT spread(VARIADIC ARRAY[1])
        volatile_function: SELECT defaulted(1)
        volatile_function: SELECT defaulted(1, 2, 3)
        volatile_function: SELECT "Lower"('x')
        volatile_function: SELECT ordered(1) WITHIN GROUP (ORDER BY x) FROM t
        volatile_function: SELECT u.fullname FROM users u
        volatile_function: SELECT (u).fullname FROM users u
        volatile_function: SELECT fullname(u) FROM users u
        volatile_function: SELECT * FROM touch()
        volatile_function: SELECT * FROM ROWS FROM (generate_series(1, 2), touch())
        volatile_function: SELECT * FROM t ORDER BY touch()
        volatile_function: SELECT * FROM t LIMIT touch()
        volatile_function: SELECT * FROM t OFFSET touch()
        volatile_function: SELECT * FROM t GROUP BY touch()
        volatile_function: SELECT * FROM t GROUP BY GROUPING SETS ((touch()), ())
        volatile_function: SELECT 1 FROM t HAVING touch() > 0
        volatile_function: SELECT count(*) FILTER (WHERE touch() > 0) FROM t
        volatile_function: SELECT sum(a) OVER (PARTITION BY touch()) FROM t
        volatile_function: SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY touch())
        volatile_function: SELECT sum(a) OVER (ROWS touch() PRECEDING) FROM t
        volatile_function: SELECT string_agg(a, ',' ORDER BY touch()) FROM t
        volatile_function: SELECT DISTINCT ON (touch()) a FROM t
        volatile_function: SELECT * FROM t, LATERAL (SELECT touch()) x
        volatile_function: SELECT * FROM t JOIN u ON touch() = 1
        volatile_function: SELECT ROW(1, touch())
        volatile_function: SELECT (1, touch()) = (1, 2)
        volatile_function: SELECT ARRAY[1, touch()]
        volatile_function: SELECT a[touch()] FROM t
        volatile_function: SELECT a[1:touch()] FROM t
        volatile_function: SELECT touch()::text
        volatile_function: SELECT CAST(touch() AS text)
        volatile_function: SELECT CASE WHEN a THEN touch() END FROM t
        volatile_function: SELECT CASE touch() WHEN 1 THEN 2 END
        volatile_function: SELECT coalesce(1, touch())
        volatile_function: SELECT greatest(1, touch())
        volatile_function: SELECT nullif(touch(), 1)
        volatile_function: SELECT 1 WHERE touch() IS NULL
        volatile_function: SELECT 1 WHERE 1 IN (1, touch())
        volatile_function: SELECT 1 WHERE 1 = ANY (SELECT touch())
        volatile_function: SELECT 1 WHERE 1 BETWEEN touch() AND 2
        volatile_function: SELECT 1 WHERE NOT (touch() IS TRUE)
        volatile_function: SELECT touch() COLLATE "C"
        volatile_function: SELECT touch() AT TIME ZONE 'UTC'
        volatile_function: SELECT xmlelement(name a, xmlattributes(touch() AS b))
        volatile_function: SELECT * FROM XMLTABLE('/a' PASSING touch() COLUMNS x text)
        volatile_function: SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS x text DEFAULT touch())
        volatile_function: SELECT * FROM t TABLESAMPLE bernoulli (touch())
        volatile_function: VALUES (1), (touch())
        volatile_function: VALUES (1, 2), (3, nextval('s'))
        volatile_function: WITH a AS (SELECT touch()) SELECT * FROM a
        volatile_function: SELECT (SELECT (SELECT (SELECT touch())))
        volatile_function: SELECT 1 UNION SELECT touch()
        volatile_function: EXPLAIN SELECT touch()
        volatile_function: EXPLAIN ANALYZE SELECT nextval('s')
        volatile_function: SELECT lower(nextval('s')::text)
        unknown_function: SELECT no_such_function()
        unknown_function: SELECT other.nextval('s')
        unknown_function: SELECT pg_catalog.touch()
        unknown_function: SELECT "Nextval"('s')
        unknown_function: SELECT hidden.touch()
        unknown_function: SELECT touch(1, 2)
        unknown_function: SELECT "PG_CATALOG".lower('a')
        volatile_function: SELECT other.tricky()
        volatile_function: SELECT other.lower('x')
        volatile_operator: SELECT 1 <+> 2
        volatile_operator: SELECT 1 OPERATOR(public.<+>) 2
        volatile_operator: SELECT 1 <+> ALL (SELECT 2)
        volatile_operator: SELECT * FROM t ORDER BY a USING <+>
        plain_read: SELECT 1 <-> 2
        volatile_type: SELECT '1'::tainted
        volatile_type: SELECT CAST(1 AS public.tainted[])
        """#

    static let relations = #"""
        unlogged_table: SELECT * FROM scratch
        unlogged_table: SELECT * FROM public.scratch
        unlogged_table: SELECT * FROM "scratch"
        unlogged_table: SELECT * FROM SCRATCH
        unlogged_table: TABLE scratch
        unlogged_table: SELECT * FROM a JOIN scratch s ON true
        unlogged_table: SELECT 1 WHERE EXISTS (SELECT 1 FROM scratch)
        unlogged_table: COPY scratch TO STDOUT
        unlogged_table: SELECT * FROM other.elsewhere
        plain_read: SELECT * FROM elsewhere
        plain_read: SELECT * FROM "Scratch"
        plain_read: SELECT * FROM other.scratch
        plain_read: SELECT scratch FROM t
        plain_read: SELECT 1 AS scratch
        foreign_table: SELECT * FROM remote
        sequence_relation: SELECT last_value FROM counter
        volatile_view: SELECT * FROM live
        temporary_table: SELECT * FROM pg_temp.x
        temporary_table: SELECT * FROM pg_temp_3.x
        server_local_view: SELECT * FROM pg_stat_activity
        server_local_view: SELECT * FROM pg_catalog.pg_stat_activity
        server_local_view: SELECT * FROM pg_statio_user_tables
        server_local_view: SELECT * FROM pg_stat_statements
        server_local_view: SELECT * FROM pg_locks
        server_local_view: SELECT * FROM pg_settings
        server_local_view: SELECT * FROM pg_prepared_statements
        server_local_view: SELECT * FROM pg_replication_slots
        server_local_view: SELECT pg_stat_get_backend_pid(1)
        server_local_view: SELECT (SELECT count(*) FROM pg_stat_replication)
        connection_state: SHOW transaction_read_only
        connection_state: SHOW In_Hot_Standby
        connection_state: SHOW default_transaction_read_only
        connection_state: SHOW ALL
        """#
}
