/// Why a text has the access that it has. The first reason met in the text is the one that is told.
package enum RouteReason: UInt8, Sendable, BitwiseCopyable, CaseIterable, CustomStringConvertible {
    case plainRead
    case emptyQuery
    case transactionControl
    case sessionCommand
    case howdahCommand
    case dml
    case ddl
    case selectInto
    case rowLock
    case volatileFunction
    case unknownFunction
    case volatileOperator
    case volatileType
    case unloggedTable
    case temporaryTable
    case foreignTable
    case sequenceRelation
    case volatileView
    case serverLocalView
    case connectionState
    case copyFrom
    case copyDML
    case copyServerFile
    case call
    case doBlock
    case lock
    case maintenance
    case notify
    case listen
    case load
    case preparedExecute
    case refusedByReplica
    case unparsable
    case clientEncoding
    case tooDeep
    case tooLong

    /// A name for metric labels and columns.
    package var name: StaticString {
        switch self {
        case .plainRead: "plain_read"
        case .emptyQuery: "empty_query"
        case .transactionControl: "transaction_control"
        case .sessionCommand: "session_command"
        case .howdahCommand: "howdah_command"
        case .dml: "dml"
        case .ddl: "ddl"
        case .selectInto: "select_into"
        case .rowLock: "row_lock"
        case .volatileFunction: "volatile_function"
        case .unknownFunction: "unknown_function"
        case .volatileOperator: "volatile_operator"
        case .volatileType: "volatile_type"
        case .unloggedTable: "unlogged_table"
        case .temporaryTable: "temporary_table"
        case .foreignTable: "foreign_table"
        case .sequenceRelation: "sequence_relation"
        case .volatileView: "volatile_view"
        case .serverLocalView: "server_local_view"
        case .connectionState: "connection_state"
        case .copyFrom: "copy_from"
        case .copyDML: "copy_dml"
        case .copyServerFile: "copy_server_file"
        case .call: "call"
        case .doBlock: "do_block"
        case .lock: "lock"
        case .maintenance: "maintenance"
        case .notify: "notify"
        case .listen: "listen"
        case .load: "load"
        case .preparedExecute: "prepared_execute"
        case .refusedByReplica: "refused_by_replica"
        case .unparsable: "unparsable"
        case .clientEncoding: "client_encoding"
        case .tooDeep: "too_deep"
        case .tooLong: "too_long"
        }
    }

    /// The reason in the words that EXPLAIN ROUTE and SHOW howdah.route print.
    package var description: String {
        switch self {
        case .plainRead: "reads only"
        case .emptyQuery: "empty query"
        case .transactionControl: "transaction control"
        case .sessionCommand: "session command"
        case .howdahCommand: "answered by Howdah itself"
        case .dml: "INSERT, UPDATE, DELETE, MERGE or TRUNCATE"
        case .ddl: "changes the schema or the cluster"
        case .selectInto: "SELECT INTO creates a table"
        case .rowLock: "locks rows (FOR UPDATE or FOR SHARE)"
        case .volatileFunction: "calls a volatile function"
        case .unknownFunction: "calls a function that the catalog facts do not know"
        case .volatileOperator: "uses an operator whose function is volatile"
        case .volatileType: "casts to a type whose conversion is volatile"
        case .unloggedTable: "reads an unlogged table"
        case .temporaryTable: "uses a temporary table"
        case .foreignTable: "reads a foreign table"
        case .sequenceRelation: "reads a sequence"
        case .volatileView: "reads a view that needs the primary"
        case .serverLocalView: "reads state that each server keeps for itself"
        case .connectionState: "asks what the connection is, which takes writes"
        case .copyFrom: "COPY FROM writes a table"
        case .copyDML: "COPY of a statement that writes"
        case .copyServerFile: "COPY to a file or program of the server"
        case .call: "CALL runs a procedure"
        case .doBlock: "DO runs a code block"
        case .lock: "LOCK takes a table lock"
        case .maintenance: "maintenance command"
        case .notify: "NOTIFY"
        case .listen: "LISTEN or UNLISTEN"
        case .load: "LOAD"
        case .preparedExecute: "EXECUTE: as the prepared statement says"
        case .refusedByReplica: "a replica refused it as a write"
        case .unparsable: "not understood by Howdah's grammar"
        case .clientEncoding: "client_encoding is not safe to read byte by byte"
        case .tooDeep: "nested too deeply"
        case .tooLong: "too long to be looked at"
        }
    }
}
