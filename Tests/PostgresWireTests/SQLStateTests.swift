import Testing

@testable import PostgresWire

/// PostgreSQL documentation, appendix A.
struct SQLStateTests {
    @Test func theCodesAreThoseOfTheDocumentation() {
        #expect(SQLState.protocolViolation.description == "08P01")
        #expect(SQLState.connectionFailure.description == "08006")
        #expect(SQLState.cannotConnect.description == "08001")
        #expect(SQLState.transactionResolutionUnknown.description == "08007")
        #expect(SQLState.featureNotSupported.description == "0A000")
        #expect(SQLState.invalidParameterValue.description == "22023")
        #expect(SQLState.activeTransaction.description == "25001")
        #expect(SQLState.readOnlyTransaction.description == "25006")
        #expect(SQLState.failedTransaction.description == "25P02")
        #expect(SQLState.idleInTransactionTimeout.description == "25P03")
        #expect(SQLState.invalidStatementName.description == "26000")
        #expect(SQLState.invalidAuthorization.description == "28000")
        #expect(SQLState.invalidPassword.description == "28P01")
        #expect(SQLState.invalidCatalogName.description == "3D000")
        #expect(SQLState.serializationFailure.description == "40001")
        #expect(SQLState.syntaxError.description == "42601")
        #expect(SQLState.undefinedObject.description == "42704")
        #expect(SQLState.duplicateStatement.description == "42P05")
        #expect(SQLState.outOfMemory.description == "53200")
        #expect(SQLState.tooManyConnections.description == "53300")
        #expect(SQLState.configurationLimitExceeded.description == "53400")
        #expect(SQLState.programLimitExceeded.description == "54000")
        #expect(SQLState.objectNotInState.description == "55000")
        #expect(SQLState.queryCanceled.description == "57014")
        #expect(SQLState.adminShutdown.description == "57P01")
        #expect(SQLState.crashShutdown.description == "57P02")
        #expect(SQLState.cannotConnectNow.description == "57P03")
        #expect(SQLState.idleSessionTimeout.description == "57P05")
        #expect(SQLState.internalError.description == "XX000")
    }

    @Test func equalByTheirFiveCharacters() {
        let read = Array("25006".utf8).withUnsafeBytes { SQLState($0) }
        let longer = Array("25006x".utf8).withUnsafeBytes { SQLState($0) }
        let shorter = Array("2500".utf8).withUnsafeBytes { SQLState($0) }
        #expect(read == .readOnlyTransaction)
        #expect(longer == .readOnlyTransaction)
        #expect(shorter != .readOnlyTransaction)
        #expect(SQLState.readOnlyTransaction != .activeTransaction)
    }

    @Test func classesAreTheFirstTwoCharacters() {
        #expect(SQLState.invalidPassword.isOfClass("28"))
        #expect(SQLState.invalidAuthorization.isOfClass("28"))
        #expect(!SQLState.invalidStatementName.isOfClass("28"))
        #expect(!SQLState.connectionFailure.isOfClass("80"))
        #expect(SQLState.featureNotSupported.isOfClass("0A"))
    }
}
