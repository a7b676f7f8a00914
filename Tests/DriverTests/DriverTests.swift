import Foundation
import Testing

/// Drivers as applications use them, each with a script of its own, through `howdah demo`.
///
/// A script checks results and where reads ran, and ends with a status other than 0 where something differs. One after
/// the other, because each has three servers of its own.
@Suite(.serialized)
struct DriverTests {
    @Test(arguments: ["psql", "pgbench", "psycopg3", "psycopg2", "asyncpg", "sqlalchemy", "django", "pg8000"])
    func driver(name: String) throws {
        let demo = try DriverDemo()
        defer { demo.remove() }
        let python = try DriverDemo.python()
        let run = try demo.run("\(DriverDemo.quoted(python)) -B \(DriverDemo.quoted(demo.source("drive_\(name).py")))")
        #expect(run.status == 0, "\(run.output)")
    }

    /// Drivers that put BEGIN around everything, with transactions that read on a replica first.
    @Test func leadingReads() throws {
        let demo = try DriverDemo()
        defer { demo.remove() }
        let python = try DriverDemo.python()
        let run = try demo.run(
            "\(DriverDemo.quoted(python)) -B \(DriverDemo.quoted(demo.source("drive_leading.py")))",
            ["HOWDAH_TRANSACTION_READS": "replica_until_write"]
        )
        #expect(run.status == 0, "\(run.output)")
    }

    /// libpq's pipeline mode, from a program in C that is compiled here.
    @Test func libpqPipeline() throws {
        let demo = try DriverDemo()
        defer { demo.remove() }
        let program = demo.directory + "/pipeline"
        let compile = """
            cc -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags libpq) \(DriverDemo.quoted(demo.source("pipeline.c"))) \
            -o \(DriverDemo.quoted(program)) $(pkg-config --libs libpq)
            """
        let run = try demo.run("\(compile) && \(DriverDemo.quoted(program))")
        #expect(run.status == 0, "\(run.output)")
    }
}
