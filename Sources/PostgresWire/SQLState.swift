/// A five-character SQLSTATE (PostgreSQL documentation, appendix A), packed so that comparing costs nothing.
package struct SQLState: Sendable, Hashable, BitwiseCopyable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let packed: UInt64

    package init(stringLiteral value: StaticString) {
        precondition(value.utf8CodeUnitCount == 5)
        self.init(UnsafeRawBufferPointer(start: value.utf8Start, count: 5))
    }

    /// From the value of an error's C field; what is not five bytes long is compared by its first five.
    package init(_ bytes: UnsafeRawBufferPointer) {
        var packed: UInt64 = 0
        for byte in bytes.prefix(5) { packed = packed << 8 | UInt64(byte) }
        self.packed = packed
    }

    package var description: String {
        String(
            decoding: (0..<5).reversed().map { UInt8(truncatingIfNeeded: packed >> (UInt64($0) * 8)) },
            as: UTF8.self
        )
    }

    /// The first two characters, as in class 40 (transaction rollback).
    package func isOfClass(_ prefix: StaticString) -> Bool {
        packed >> 24 == SQLState(UnsafeRawBufferPointer(start: prefix.utf8Start, count: 2)).packed
    }

    package static let warning: SQLState = "01000"
    package static let protocolViolation: SQLState = "08P01"
    package static let connectionFailure: SQLState = "08006"
    package static let cannotConnect: SQLState = "08001"
    package static let transactionResolutionUnknown: SQLState = "08007"
    package static let featureNotSupported: SQLState = "0A000"
    package static let activeTransaction: SQLState = "25001"
    package static let readOnlyTransaction: SQLState = "25006"
    package static let failedTransaction: SQLState = "25P02"
    package static let invalidStatementName: SQLState = "26000"
    package static let invalidAuthorization: SQLState = "28000"
    package static let invalidPassword: SQLState = "28P01"
    package static let invalidCatalogName: SQLState = "3D000"
    package static let serializationFailure: SQLState = "40001"
    package static let invalidCursorName: SQLState = "34000"
    package static let insufficientPrivilege: SQLState = "42501"
    package static let syntaxError: SQLState = "42601"
    package static let duplicateStatement: SQLState = "42P05"
    package static let outOfMemory: SQLState = "53200"
    package static let tooManyConnections: SQLState = "53300"
    package static let configurationLimitExceeded: SQLState = "53400"
    package static let programLimitExceeded: SQLState = "54000"
    package static let objectNotInState: SQLState = "55000"
    package static let queryCanceled: SQLState = "57014"
    package static let adminShutdown: SQLState = "57P01"
    package static let crashShutdown: SQLState = "57P02"
    package static let cannotConnectNow: SQLState = "57P03"
    package static let idleInTransactionTimeout: SQLState = "25P03"
    package static let transactionTimeout: SQLState = "25P04"
    package static let idleSessionTimeout: SQLState = "57P05"
    package static let cannotChangeNow: SQLState = "55P02"
    package static let configurationFileError: SQLState = "F0000"
    package static let internalError: SQLState = "XX000"
    package static let undefinedObject: SQLState = "42704"
    package static let invalidParameterValue: SQLState = "22023"
}
