/// Messages that a client sends, for what the proxy says to servers of its own accord (PostgreSQL documentation, 55.7).
extension MessageBuilder {
    package mutating func startup(_ version: ProtocolVersion, _ parameters: [StartupPacket.Parameter]) {
        untyped { body in
            body.int32(Int32(bitPattern: version.rawValue))
            for parameter in parameters {
                body.string(parameter.name)
                body.string(parameter.value)
            }
            body.byte(0)
        }
    }

    package mutating func cancelRequest(processID: UInt32, key: [UInt8]) {
        untyped {
            $0.int32(1234 << 16 | 5678)
            $0.int32(Int32(bitPattern: processID))
            $0.raw(key)
        }
    }

    package mutating func query(_ text: String) {
        message(FrontendTag.query) { $0.string(text) }
    }

    package mutating func password(_ body: [UInt8]) {
        message(FrontendTag.password) { $0.raw(body) }
    }

    /// SASLInitialResponse: the mechanism, then the client's first message.
    package mutating func saslInitialResponse(mechanism: String, _ data: [UInt8]) {
        message(FrontendTag.password) {
            $0.string(mechanism)
            $0.int32(Int32(data.count))
            $0.raw(data)
        }
    }

    package mutating func terminate() { message(FrontendTag.terminate) }

    package mutating func sync() { message(FrontendTag.sync) }

    package mutating func parse(name: String, text: String, types: [UInt32] = []) {
        message(FrontendTag.parse) { body in
            body.string(name)
            body.string(text)
            body.int16(Int16(types.count))
            for type in types { body.int32(Int32(bitPattern: type)) }
        }
    }

    package mutating func bind(portal: String, statement: String, parameters: [[UInt8]?]) {
        message(FrontendTag.bind) { body in
            body.string(portal)
            body.string(statement)
            body.int16(0)
            body.int16(Int16(parameters.count))
            for parameter in parameters {
                body.int32(parameter.map { Int32($0.count) } ?? -1)
                body.raw(parameter ?? [])
            }
            body.int16(0)
        }
    }

    package mutating func describe(_ kind: Unicode.Scalar, _ name: String) {
        message(FrontendTag.describe) {
            $0.byte(UInt8(ascii: kind))
            $0.string(name)
        }
    }

    package mutating func close(_ kind: Unicode.Scalar, _ name: String) {
        message(FrontendTag.close) {
            $0.byte(UInt8(ascii: kind))
            $0.string(name)
        }
    }

    package mutating func execute(portal: String, maximumRows: Int32 = 0) {
        message(FrontendTag.execute) {
            $0.string(portal)
            $0.int32(maximumRows)
        }
    }

    package mutating func flush() { message(FrontendTag.flush) }
}
