/// What changes the session or its transaction.
extension RoutingTable {
    static let sessions = #"""
        session_command: SET work_mem = '1MB'
        session_command: SET LOCAL work_mem TO 1000
        session_command: SET search_path = a, "B"
        session_command: SET TIME ZONE 'UTC'
        session_command: SET TIME ZONE INTERVAL '1' HOUR
        session_command: SET NAMES 'utf8'
        session_command: SET ROLE r
        session_command: SET SESSION AUTHORIZATION DEFAULT
        session_command: RESET work_mem
        session_command: RESET ALL
        session_command: RESET ROLE
        session_command: DISCARD ALL
        session_command: DISCARD TEMP
        session_command: DEALLOCATE p
        session_command: DEALLOCATE ALL
        session_command: PREPARE p AS SELECT 1
        session_command: PREPARE p (int, text) AS SELECT $1, $2
        volatile_function: PREPARE p AS SELECT nextval('s')
        prepared_execute: EXECUTE p
        prepared_execute: EXECUTE p (1, 'a')
        prepared_execute: EXPLAIN EXECUTE p
        session_command: DECLARE c CURSOR FOR SELECT 1
        session_command: DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1
        volatile_function: DECLARE c CURSOR FOR SELECT touch()
        session_command: FETCH NEXT FROM c
        session_command: FETCH 10 c
        session_command: MOVE ALL IN c
        session_command: CLOSE c
        session_command: CLOSE ALL
        session_command: SET CONSTRAINTS ALL DEFERRED
        howdah_command: SHOW howdah.route
        howdah_command: SET howdah.route = 'primary'
        howdah_command: SET howdah.route TO auto
        howdah_command: RESET howdah.route
        howdah_command: EXPLAIN ROUTE SELECT 1
        howdah_command: explain route delete from t
        howdah_command: EXPLAIN /* x */ ROUTE garbage here
        howdah_command: SHOW howdah.position
        howdah_command: SET howdah.position = '0/1'
        """#
}
