import Foundation

/// A client that leaves behind all that a session can: settings, roles, prepared statements, locks, temporary objects,
/// open transactions, halves of messages.
struct LeakyClient {
    private typealias F = Frontend

    let port: UInt16
    let user: String
    let number: Int
    var numbers: LeakNumbers
    /// Errors that no statement of its own explains.
    var complaints: [String] = []
    /// What it has said in the session, for the complaint.
    private var said: [String] = []

    init(port: UInt16, user: String, number: Int, seed: UInt64) {
        self.port = port
        self.user = user
        self.number = number
        numbers = LeakNumbers(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(number) &* 0xD1B5_4A32_D192_ED03)
    }

    /// A few sessions one after the other, each of some steps.
    mutating func run(sessions: Int) {
        for _ in 0..<sessions {
            do {
                try session()
            } catch {
                // Nothing that it does ends the connection from the proxy's side.
                complaints.append("client \(number): \(error) behind \(said)")
            }
        }
    }

    private mutating func session() throws {
        let start = [
            [], [("application_name", "leaky \(number)")], [("options", "-c work_mem=7MB -c app.tenant=start")],
        ]
        let settings = numbers.pick(start)
        said = ["\(settings)"]
        let client = try WireClient(port: port, user: user, settings: settings)
        defer { client.close() }
        for _ in 0...numbers.next(6) {
            switch numbers.next(10) {
            case 0: try call(client)
            case 1: try prepare(client)
            case 2, 3: try pipeline(client)
            case 4: try queries(client)
            case 5, 6: try transaction(client)
            default: try run(numbers.pick(LeakStatements.all), client)
            }
        }
        try leave(client)
    }

    private mutating func run(_ statement: String, _ client: WireClient) throws {
        let sql = statement.replacing("$N", with: "\(number)")
        let isExtended = numbers.next(3) == 0
        said.append(isExtended ? "extended \(sql)" : sql)
        note(try isExtended ? client.extended(sql) : client.query(sql), sql)
    }

    /// An error that ends the session is none that these statements have.
    private mutating func note(_ reply: WireReply, _ sql: String) {
        for error in reply.errors where error.fields["V"] != "ERROR" {
            complaints.append("client \(number), \(sql): \(error)")
        }
    }

    private mutating func prepare(_ client: WireClient) throws {
        let sql = numbers.pick([
            "SELECT $1::int", "SELECT $1::int + 1 FROM item LIMIT 1", "UPDATE item SET note = note WHERE id = $1",
        ])
        said.append("prepares \(sql)")
        let batch = F.parse("leaky", sql) + F.bind("", "leaky", texts: ["\(number)"]) + F.execute() + F.sync
        try client.send(batch)
        note(try client.receiveCycle(), sql)
    }

    /// Several statements up to one Sync, some of which fail or end the transaction.
    private mutating func pipeline(_ client: WireClient) throws {
        let end = ["COMMIT", "ROLLBACK", "SELECT 1/0", "BEGIN", "SAVEPOINT a", "ROLLBACK TO a"]
        let statements = (0...numbers.next(4)).map { _ in
            numbers.next(3) == 0 ? numbers.pick(end) : numbers.pick(LeakStatements.all)
        }
        try pipeline(statements, client)
    }

    private mutating func pipeline(_ statements: [String], _ client: WireClient) throws {
        var batch: [UInt8] = []
        for sql in statements {
            said.append("pipelines \(sql)")
            batch += F.parse("", sql.replacing("$N", with: "\(number)")) + F.bind("", "") + F.execute()
        }
        try client.send(batch + F.sync)
        note(try client.receiveCycle(), "a pipeline")
    }

    /// Several simple queries, sent before the first is answered.
    private mutating func queries(_ client: WireClient) throws {
        let texts = (0...numbers.next(3)).map { _ in
            numbers.pick(LeakStatements.all).replacing("$N", with: "\(number)")
        }
        said.append("at once \(texts)")
        try client.send(texts.flatMap { F.query($0) })
        for text in texts { note(try client.receiveCycle(), text) }
    }

    /// set_config is function 2078.
    private mutating func call(_ client: WireClient) throws {
        said.append("calls")
        try client.send(F.functionCall(2078, ["app.tenant", "called \(number)", "f"]))
        note(try client.receiveCycle(), "a function call")
    }

    private mutating func transaction(_ client: WireClient) throws {
        try run(numbers.pick(["BEGIN", "BEGIN READ ONLY", "BEGIN ISOLATION LEVEL SERIALIZABLE"]), client)
        for _ in 0...numbers.next(4) {
            let control = ["SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "COMMIT AND CHAIN", "SELECT 1/0"]
            try run(numbers.next(3) == 0 ? numbers.pick(control) : numbers.pick(LeakStatements.all), client)
        }
        // It ends in one batch with something else, which may fail.
        if numbers.next(4) == 0 {
            let end = numbers.pick(["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"])
            try pipeline([end, numbers.pick(LeakStatements.all + ["SELECT 1/0", "SELECT 1/0"])], client)
        }
        // It ends, or goes back, in one text with something else.
        if numbers.next(3) == 0 {
            let end = numbers.pick([
                "COMMIT", "ROLLBACK", "ROLLBACK AND CHAIN", "RELEASE a", "ROLLBACK TO a", "COMMIT; BEGIN",
                "SELECT 1; COMMIT",
            ])
            try run("\(end); \(numbers.pick(LeakStatements.all))", client)
        }
        // Sometimes it stays open.
        if numbers.next(4) > 0 { try run(numbers.pick(["COMMIT", "ROLLBACK", "SELECT 1/0; COMMIT"]), client) }
    }

    /// The ways in which sessions end.
    private mutating func leave(_ client: WireClient) throws {
        let statement = numbers.pick(LeakStatements.all).replacing("$N", with: "\(number)")
        switch numbers.next(9) {
        case 0: try client.send(F.terminate)
        case 1: client.reset()
        case 2: try client.send(F.query(statement))
        case 3:
            try client.send(F.query(statement))
            client.reset()
        case 4:
            let message = numbers.next(2) == 0 ? F.query(statement) : F.extended(statement)
            try client.send(Array(message.prefix(1 + numbers.next(message.count))))
        case 5:
            try client.send(F.query("COPY scratch (note) FROM STDIN") + F.copyData(Array("leaky\n".utf8)))
            if numbers.next(2) == 0 { client.reset() }
        case 6:
            let large = F.query("SELECT '" + String(repeating: "x", count: 200_000) + "'")
            try client.send(F.query("BEGIN") + F.query(statement) + large.prefix(20_000 + numbers.next(150_000)))
        case 7: try client.send(F.parse("", statement) + F.bind("", "") + F.execute() + F.flush)
        default: break
        }
    }
}
