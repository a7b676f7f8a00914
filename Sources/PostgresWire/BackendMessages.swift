/// Messages that a server sends, for what the proxy answers itself (PostgreSQL documentation, 55.7).
extension MessageBuilder {
    package mutating func error(_ error: PostgresError) {
        let tag =
            switch error.severity {
            case .error, .fatal: BackendTag.errorResponse
            case .notice, .warning: BackendTag.noticeResponse
            }
        message(tag) { body in
            body.errorField("S", error.severity.rawValue)
            body.errorField("V", error.severity.rawValue)
            body.errorField("C", error.sqlState.description)
            body.errorField("M", error.message)
            if let detail = error.detail { body.errorField("D", detail) }
            if let hint = error.hint { body.errorField("H", hint) }
            if let routine = error.routine { body.errorField("R", routine) }
            body.byte(0)
        }
    }

    private mutating func errorField(_ name: Unicode.Scalar, _ value: String) {
        byte(UInt8(ascii: name))
        string(value)
    }

    package mutating func readyForQuery(_ status: TransactionStatus) {
        message(BackendTag.readyForQuery) { $0.byte(status.rawValue) }
    }

    package mutating func commandComplete(_ tag: String) {
        message(BackendTag.commandComplete) { $0.string(tag) }
    }

    package mutating func parameterStatus(_ name: String, _ value: String) {
        message(BackendTag.parameterStatus) {
            $0.string(name)
            $0.string(value)
        }
    }

    package mutating func backendKeyData(processID: UInt32, key: [UInt8]) {
        message(BackendTag.backendKeyData) {
            $0.int32(Int32(bitPattern: processID))
            $0.raw(key)
        }
    }

    /// An Authentication message: its code, then what the code asks for.
    package mutating func authentication(_ code: Int32, _ data: [UInt8] = []) {
        message(BackendTag.authentication) {
            $0.int32(code)
            $0.raw(data)
        }
    }

    /// - Parameter unrecognized: the `_pq_.` options that were asked for and are not known.
    package mutating func negotiateProtocolVersion(_ version: ProtocolVersion, unrecognized: [String]) {
        message(BackendTag.negotiateProtocolVersion) {
            $0.int32(Int32(bitPattern: version.rawValue))
            $0.int32(Int32(unrecognized.count))
            for name in unrecognized { $0.string(name) }
        }
    }

    /// Columns of type text in text format: what the proxy's own results are made of.
    package mutating func textRowDescription(_ columns: [String]) {
        message(BackendTag.rowDescription) { body in
            body.int16(Int16(columns.count))
            for column in columns {
                body.string(column)
                body.int32(0)  // no table
                body.int16(0)
                body.int32(25)  // text
                body.int16(-1)
                body.int32(-1)
                body.int16(0)
            }
        }
    }

    package mutating func textRow(_ values: [String?]) {
        message(BackendTag.dataRow) { body in
            body.int16(Int16(values.count))
            for value in values {
                guard let value else {
                    body.int32(-1)
                    continue
                }
                body.int32(Int32(value.utf8.count))
                body.raw(Array(value.utf8))
            }
        }
    }
}
