/* A libpq program that keeps many statements in flight (PostgreSQL documentation, 34.5), and checks every result. */

#define _POSIX_C_SOURCE 200809L
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>

static PGconn *connection;

static void fail(const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    fprintf(stderr, "pipeline: FAILED: ");
    vfprintf(stderr, what, arguments);
    fprintf(stderr, "\n%s", PQerrorMessage(connection));
    va_end(arguments);
    exit(1);
}

static void require(int condition, const char *what)
{
    if (!condition)
        fail("%s", what);
}

/* The next result, which must have this status; NULL is expected where status is -1. */
static PGresult *next(int status, const char *what)
{
    PGresult *result = PQgetResult(connection);

    if (status == -1) {
        if (result)
            fail("%s: expected the end of a statement's results, got %s", what, PQresStatus(PQresultStatus(result)));
        return NULL;
    }
    if (!result)
        fail("%s: expected %s, got no result", what, PQresStatus(status));
    if ((int)PQresultStatus(result) != status)
        fail("%s: expected %s, got %s", what, PQresStatus(status), PQresStatus(PQresultStatus(result)));
    return result;
}

/* The next statement gives one row, with this value in the first column. */
static void expect_value(const char *wanted, const char *what)
{
    PGresult *result = next(PGRES_TUPLES_OK, what);

    if (PQntuples(result) != 1 || strcmp(PQgetvalue(result, 0, 0), wanted))
        fail("%s: expected '%s', got '%s'", what, wanted, PQntuples(result) ? PQgetvalue(result, 0, 0) : "no row");
    PQclear(result);
    next(-1, what);
}

/* The next statement ends with this command tag. */
static void expect_command(const char *tag, const char *what)
{
    PGresult *result = next(PGRES_COMMAND_OK, what);

    if (strcmp(PQcmdStatus(result), tag))
        fail("%s: expected '%s', got '%s'", what, tag, PQcmdStatus(result));
    PQclear(result);
    next(-1, what);
}

static void expect_error(const char *state, const char *what)
{
    PGresult *result = next(PGRES_FATAL_ERROR, what);
    const char *got = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (!got || strcmp(got, state))
        fail("%s: expected SQLSTATE %s, got %s", what, state, got ? got : "none");
    PQclear(result);
    next(-1, what);
}

static void expect_aborted(const char *what)
{
    PQclear(next(PGRES_PIPELINE_ABORTED, what));
    next(-1, what);
}

static void expect_sync(const char *what) { PQclear(next(PGRES_PIPELINE_SYNC, what)); }

static void ask(const char *statement) {
    require(PQsendQueryParams(connection, statement, 0, NULL, NULL, NULL, NULL, 0), statement);
}

static void ask_with(const char *statement, const char *value)
{
    require(PQsendQueryParams(connection, statement, 1, NULL, &value, NULL, NULL, 0), statement);
}

static void ask_prepared(const char *name, const char *value)
{
    require(PQsendQueryPrepared(connection, name, 1, &value, NULL, NULL, 0), name);
}

static void run(const char *statement)
{
    PGresult *result = PQexec(connection, statement);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail("%s", statement);
    PQclear(result);
}

static void begin_pipeline(void) { require(PQenterPipelineMode(connection), "enter pipeline mode"); }

static void end_pipeline(void) { require(PQexitPipelineMode(connection), "leave pipeline mode"); }

static void sync_pipeline(void) { require(PQpipelineSync(connection), "sync"); }

/* Reads alone, each with a Sync of its own: all run on replicas, in order. */
static void reads_with_many_syncs(void)
{
    char number[16];

    begin_pipeline();
    for (int i = 0; i < 200; i++) {
        snprintf(number, sizeof number, "%d", i);
        ask_with("SELECT $1::int + 1", number);
        sync_pipeline();
        ask("SELECT (current_setting('cluster_name') <> 'primary')");
        sync_pipeline();
    }
    for (int i = 0; i < 200; i++) {
        snprintf(number, sizeof number, "%d", i + 1);
        expect_value(number, "a read of a pipeline");
        expect_sync("the Sync of a read");
        expect_value("t", "where a read of a pipeline runs");
        expect_sync("the Sync of a read");
    }
    end_pipeline();
}

/* One Sync for all: one implicit transaction, which a write brings to the primary. */
static void a_write_among_reads(void)
{
    begin_pipeline();
    ask("SELECT (current_setting('cluster_name') <> 'primary')");
    ask("INSERT INTO pipelined VALUES (1, 'one')");
    ask("SELECT note FROM pipelined WHERE id = 1");
    sync_pipeline();
    expect_value("f", "a read in front of a write");
    expect_command("INSERT 0 1", "a write");
    expect_value("one", "a read behind a write");
    expect_sync("the Sync");
    end_pipeline();
}

/* Reads and writes by turns, with a Sync each: results come in the order of the statements. */
static void reads_and_writes_by_turns(void)
{
    char number[16];

    begin_pipeline();
    for (int i = 0; i < 50; i++) {
        snprintf(number, sizeof number, "%d", 1000 + i);
        ask("SELECT (current_setting('cluster_name') <> 'primary')");
        sync_pipeline();
        ask_with("INSERT INTO pipelined VALUES ($1, 'turn') RETURNING id", number);
        sync_pipeline();
    }
    for (int i = 0; i < 50; i++) {
        PGresult *result = next(PGRES_TUPLES_OK, "a read by turns");
        /* It may share the primary with the write in front of it. */
        require(PQntuples(result) == 1, "a row of a read by turns");
        PQclear(result);
        next(-1, "a read by turns");
        expect_sync("the Sync of a read by turns");
        snprintf(number, sizeof number, "%d", 1000 + i);
        expect_value(number, "a write by turns");
        expect_sync("the Sync of a write by turns");
    }
    end_pipeline();
}

/* An error skips to Sync and undoes what stands before it since the Sync before. */
static void errors(void)
{
    begin_pipeline();
    ask("INSERT INTO pipelined VALUES (2, 'undone')");
    ask("SELECT 1/0");
    ask("INSERT INTO pipelined VALUES (3, 'skipped')");
    sync_pipeline();
    ask("SELECT count(*) FROM pipelined WHERE id IN (2, 3) /* howdah: primary */");
    sync_pipeline();
    expect_command("INSERT 0 1", "a write in front of an error");
    expect_error("22012", "an error");
    expect_aborted("what follows an error");
    require(PQpipelineStatus(connection) == PQ_PIPELINE_ABORTED, "the pipeline is aborted");
    expect_sync("the Sync behind an error");
    expect_value("0", "an error undoes its batch");
    expect_sync("the last Sync");
    end_pipeline();

    begin_pipeline();
    ask("SELECT (current_setting('cluster_name') <> 'primary')");
    ask("SELECT missing");
    ask("SELECT 1");
    sync_pipeline();
    ask("SELEC");
    sync_pipeline();
    expect_value("t", "a read in front of an error");
    expect_error("42703", "an error of a read");
    expect_aborted("a read behind an error");
    expect_sync("the Sync behind an error of a read");
    expect_error("42601", "a text that cannot be parsed");
    expect_sync("the Sync behind it");
    end_pipeline();
}

static void prepared_statements(void)
{
    char number[16], name[16];

    begin_pipeline();
    const char *add = "SELECT $1::int + 10, (current_setting('cluster_name') <> 'primary')";
    require(PQsendPrepare(connection, "add", add, 0, NULL), "prepare");
    require(PQsendDescribePrepared(connection, "add"), "describe");
    for (int i = 0; i < 20; i++) {
        snprintf(number, sizeof number, "%d", i);
        ask_prepared("add", number);
    }
    sync_pipeline();
    PQclear(next(PGRES_COMMAND_OK, "prepare"));
    next(-1, "prepare");
    PGresult *described = next(PGRES_COMMAND_OK, "describe");
    require(PQnparams(described) == 1 && PQparamtype(described, 0) == 23, "a parameter's type");
    require(PQnfields(described) == 2 && PQftype(described, 1) == 16, "a column's type");
    PQclear(described);
    next(-1, "describe");
    for (int i = 0; i < 20; i++) {
        snprintf(number, sizeof number, "%d", i + 10);
        PGresult *result = next(PGRES_TUPLES_OK, "a prepared read");
        require(!strcmp(PQgetvalue(result, 0, 0), number), "the value of a prepared read");
        require(!strcmp(PQgetvalue(result, 0, 1), "t"), "where a prepared read runs");
        PQclear(result);
        next(-1, "a prepared read");
    }
    expect_sync("the Sync of prepared reads");
    /* Prepared and executed over many Syncs, in one go. */
    for (int i = 0; i < 40; i++) {
        char text[64];
        snprintf(name, sizeof name, "s%d", i);
        snprintf(text, sizeof text, "SELECT $1::int * %d", i);
        require(PQsendPrepare(connection, name, text, 0, NULL), "prepare");
        sync_pipeline();
    }
    for (int i = 39; i >= 0; i--) {
        snprintf(name, sizeof name, "s%d", i);
        ask_prepared(name, "3");
        sync_pipeline();
    }
    for (int i = 0; i < 40; i++) {
        expect_command("", "one of many Parses");
        expect_sync("the Sync of a Parse");
    }
    for (int i = 39; i >= 0; i--) {
        snprintf(number, sizeof number, "%d", 3 * i);
        expect_value(number, "one of many prepared statements");
        expect_sync("its Sync");
    }
    require(PQsendPrepare(connection, "s1", "SELECT 1", 0, NULL), "prepare again");
    sync_pipeline();
    ask_prepared("s1", "5");
    ask_prepared("nobody", "5");
    sync_pipeline();
    expect_error("42P05", "a name that is taken");
    expect_sync("its Sync");
    expect_value("5", "the statement that has the name");
    expect_error("26000", "a name that means nothing");
    expect_sync("its Sync");
    end_pipeline();
}

static void transactions(void)
{
    begin_pipeline();
    ask("BEGIN");
    ask("INSERT INTO pipelined VALUES (4, 'four')");
    sync_pipeline();
    ask("SELECT note FROM pipelined WHERE id = 4");
    ask("ROLLBACK");
    ask("SELECT count(*) FROM pipelined WHERE id = 4 /* howdah: primary */");
    sync_pipeline();
    ask("BEGIN READ ONLY");
    ask("SELECT (current_setting('cluster_name') <> 'primary')");
    ask("COMMIT");
    sync_pipeline();
    expect_command("BEGIN", "BEGIN");
    expect_command("INSERT 0 1", "a write in a transaction");
    expect_sync("the first Sync");
    expect_value("four", "own write");
    expect_command("ROLLBACK", "ROLLBACK");
    expect_value("0", "after ROLLBACK");
    expect_sync("the second Sync");
    expect_command("BEGIN", "BEGIN READ ONLY");
    PGresult *result = next(PGRES_TUPLES_OK, "a read in a read-only transaction");
    PQclear(result);
    next(-1, "a read in a read-only transaction");
    expect_command("COMMIT", "COMMIT");
    expect_sync("the third Sync");
    end_pipeline();
    require(PQtransactionStatus(connection) == PQTRANS_IDLE, "idle after transactions");
}

/* Flush: replies are asked for before the batch ends. */
static void flushes(void)
{
    begin_pipeline();
    ask("SELECT 1");
    require(PQsendFlushRequest(connection) && PQflush(connection) == 0, "flush");
    expect_value("1", "a reply that was flushed for");
    ask("INSERT INTO pipelined VALUES (5, 'five')");
    require(PQsendFlushRequest(connection) && PQflush(connection) == 0, "flush");
    expect_command("INSERT 0 1", "a write behind a Flush");
    ask("SELECT 1/0");
    sync_pipeline();
    expect_error("22012", "an error behind a Flush");
    expect_sync("the Sync of the batch");
    ask("SELECT count(*) FROM pipelined WHERE id = 5 /* howdah: primary */");
    sync_pipeline();
    expect_value("0", "the error undid what was before the Flush");
    expect_sync("the last Sync");

    /* A Flush behind a Parse alone, then a write: the Parse must not bind the batch to a replica. */
    require(PQsendPrepare(connection, "read", "SELECT $1::int", 0, NULL), "prepare a read");
    require(PQsendFlushRequest(connection) && PQflush(connection) == 0, "flush");
    expect_command("", "a Parse that was flushed for");
    ask("INSERT INTO pipelined VALUES (6, 'six')");
    ask_prepared("read", "8");
    sync_pipeline();
    expect_command("INSERT 0 1", "a write behind a Parse and Flush");
    expect_value("8", "the statement of the Parse");
    expect_sync("the Sync");
    require(PQsendPrepare(connection, "wrong", "SELEC", 0, NULL), "prepare nonsense");
    require(PQsendFlushRequest(connection) && PQflush(connection) == 0, "flush");
    expect_error("42601", "a wrong Parse that was flushed for");
    ask("SELECT 1");
    sync_pipeline();
    expect_aborted("what follows a wrong Parse up to Sync");
    expect_sync("the Sync behind it");
    ask("SELECT 2");
    sync_pipeline();
    expect_value("2", "after it");
    expect_sync("the last Sync");
    end_pipeline();
}

/* More is sent than sockets and the proxy's buffers hold, and more is answered. */
static void a_flood(void)
{
    enum { count = 3000 };
    static char large[4001];
    int sent = 0, received = 0;

    memset(large, 'x', sizeof large - 1);
    require(PQsetnonblocking(connection, 1) == 0, "nonblocking");
    begin_pipeline();
    while (received < count) {
        while (sent < count && sent - received < 2000) {
            ask_with("SELECT $1::text || 'y'", large);
            sync_pipeline();
            sent++;
            if (PQflush(connection) != 0)
                break;
        }
        int more = PQflush(connection);
        require(more >= 0, "flush in a flood");
        fd_set readable, writable;
        int descriptor = PQsocket(connection);
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        FD_SET(descriptor, &readable);
        if (more)
            FD_SET(descriptor, &writable);
        if (PQisBusy(connection))
            require(select(descriptor + 1, &readable, &writable, NULL, NULL) > 0, "select");
        require(PQconsumeInput(connection), "input");
        while (received < sent && !PQisBusy(connection)) {
            PGresult *result = PQgetResult(connection);
            if (!result)
                continue;
            if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
                received++;
            else if (PQresultStatus(result) != PGRES_TUPLES_OK || PQgetlength(result, 0, 0) != sizeof large)
                fail("a result of a flood: %s", PQresStatus(PQresultStatus(result)));
            PQclear(result);
        }
    }
    require(PQsetnonblocking(connection, 0) == 0, "blocking");
    end_pipeline();
}

static void function_call(void)
{
    int length, value = 0;
    PQArgBlock argument = {.len = 4, .isint = 1, .u.integer = -7};
    /* int4abs */
    PGresult *result = PQfn(connection, 1251, &value, &length, 1, &argument, 1);

    require(PQresultStatus(result) == PGRES_COMMAND_OK, "a function call");
    require(value == 7 && length == 4, "a function call's value");
    PQclear(result);
}

static void a_portal_by_rows(void)
{
    PGresult *result;
    int rows = 0;

    require(PQsendQuery(connection, "SELECT g FROM generate_series(1, 1000) g"), "a query");
    require(PQsetSingleRowMode(connection), "single-row mode");
    while ((result = PQgetResult(connection))) {
        rows += PQntuples(result);
        PQclear(result);
    }
    require(rows == 1000, "rows one by one");
}

/* Right after the nodes' start no replica may have told yet how far it is: then reads behind a write are the primary's. */
static void wait_for_a_replica(void)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};

    for (int i = 0; i < 6000; i++) {
        PGresult *result = PQexec(connection, "SELECT (current_setting('cluster_name') <> 'primary')");
        int is_replica = PQresultStatus(result) == PGRES_TUPLES_OK && PQgetvalue(result, 0, 0)[0] == 't';

        PQclear(result);
        if (is_replica)
            return;
        nanosleep(&pause, NULL);
    }
    fail("no read runs on a replica");
}

int main(void)
{
    /* Everything comes from PGHOST and its like. */
    connection = PQconnectdb("");
    require(PQstatus(connection) == CONNECTION_OK, "connect");
    run("CREATE TABLE pipelined (id int PRIMARY KEY, note text)");
    wait_for_a_replica();
    reads_with_many_syncs();
    a_write_among_reads();
    reads_and_writes_by_turns();
    errors();
    prepared_statements();
    transactions();
    flushes();
    a_flood();
    function_call();
    a_portal_by_rows();
    run("DROP TABLE pipelined");
    PQfinish(connection);
    puts("pipeline: all passed");
    return 0;
}
