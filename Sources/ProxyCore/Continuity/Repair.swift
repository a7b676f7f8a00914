import PostgresWire

/// How a batch is run again.
enum Repair: Equatable {
    /// A replica refused it as a write.
    case onPrimary
    /// What the batch relied on is not there, or out of date: what it needs is prepared again.
    case prepareAgain
    /// The same for a statement that the client has prepared earlier: its name means a new one from now on.
    case prepareAnew(StatementID)
    /// What a replica does not know may be there on the primary.
    case behind
    /// The node cannot go on; another may.
    case elsewhere
    /// The role of the server's session has been dropped: another log-in may have it again.
    case loggedInAnew
    /// A replica could not run what the client's own server may.
    case onPinned
    /// A replica has no serializable transactions: nothing is wrong with the statements.
    case serializable
    /// What the proxy has put in front has failed.
    case settings
}

/// What only a standby refuses (PostgreSQL documentation, 27.4.1).
enum StandbyRefusal: CaseIterable {
    case write
    /// An unlogged table, read by a function whose body nobody has seen.
    case unloggedRelation
    /// The transaction is serializable by the session's, the role's or the database's default.
    case serializable

    /// - Parameter body: of the ErrorResponse.
    init?(_ body: RawSpan) {
        switch ErrorFields.sqlState(in: body) {
        case .readOnlyTransaction: self = .write
        case .featureNotSupported where ErrorFields.isRaised(by: "get_relation_info", in: body):
            self = .unloggedRelation
        case .featureNotSupported where Self.isOfSerializable(body): self = .serializable
        default: return nil
        }
    }

    private static func isOfSerializable(_ body: RawSpan) -> Bool {
        ErrorFields.isRaised(by: "GetSerializableTransactionSnapshot", in: body)
            || ErrorFields.isRaised(by: "check_XactIsoLevel", in: body)
            || ErrorFields.isRaised(by: "check_transaction_isolation", in: body)
    }
}

/// A batch that a server has answered with an error, while nothing of the reply has left: what has a say in whether it
/// runs again.
struct FailedBatch {
    /// A statement that the server has prepared, and of which the error says something.
    struct Statement {
        var fault: StatementFault
        var id: StatementID
        /// The message has the client's own name for it.
        var isNamed = false
        /// An EXECUTE runs it: what the batch parses itself is that, and not the statement.
        var isByExecute = false
        /// Somebody has been told what its rows look like.
        var isDescribed = false
    }

    /// It is not the batch that has failed, but settings or BEGIN that the proxy has put in front.
    var isInFront = false
    var refusal: StandbyRefusal?
    /// What it names may have been made, and not be there yet: by the error of the Parse in front, where that failed.
    var tellsOfUndefined = false
    /// A cancel or a time limit is an answer.
    var isCanceled = false
    /// The error says something of the node and nothing of the statement.
    var isNodesFault = false
    /// The role is gone that the server's session belongs to.
    var isOfDeadLogin = false
    var statement: Statement?
    var isReplica = false
    /// What was sent last is taken for a read.
    var isRead = false
    /// A hint or `howdah.route` has chosen the route.
    var isChosen = false
    var isPinned = false
    /// The client is pinned to another server than this one, which is a replica's.
    var readsElsewhere = false
    var tries = SecondTries()
    /// Of the topology.
    var nodes = 0

    /// nil where the error is the client's.
    var repair: Repair? {
        let mayGoOn = tries.mayGoOn(nodes: nodes)
        // It says nothing of the batch.
        if isInFront { return mayGoOn && isReplica && isNodesFault && isRead ? .elsewhere : nil }
        // One more on the primary, however many replicas were lost before.
        guard mayGoOn || !tries.isForcedToPrimary else { return nil }
        if isReplica, let refusal, let repair = repair(of: refusal) { return repair }
        if mayGoOn, isOfDeadLogin, !isPinned { return .loggedInAnew }
        if tellsOfUndefined, isReplica, !readsElsewhere, !tries.isForcedToPrimary, !isChosen { return .behind }
        guard mayGoOn else { return nil }
        if let statement, let repair = repair(of: statement) { return repair }
        if isReplica, isRead, isNodesFault { return .elsewhere }
        // The client's own server may know a name that the replica does not.
        return readsElsewhere && !isCanceled ? .onPinned : nil
    }

    private func repair(of refusal: StandbyRefusal) -> Repair? {
        switch refusal {
        case .write, .unloggedRelation: isChosen ? nil : .onPrimary
        case .serializable: .serializable
        }
    }

    private func repair(of statement: Statement) -> Repair? {
        switch statement.fault {
        case .isMissing: return .prepareAgain
        case .resultHasChanged:
            if tries.renewal == .parses { return prepared(statement) }
            let isTold = tries.renewal == .describes || statement.isNamed
            return isTold || !statement.isDescribed ? .prepareAnew(statement.id) : nil
        case .mayBeOutdated: return tries.renewal == .parses && tries.isFirst ? prepared(statement) : nil
        }
    }

    /// The batch has its Parse: with that the statement is prepared again, unless another has given it.
    private func prepared(_ statement: Statement) -> Repair {
        statement.isByExecute ? .prepareAnew(statement.id) : .prepareAgain
    }
}
