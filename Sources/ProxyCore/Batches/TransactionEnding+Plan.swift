extension TransactionEnding {
    /// That of one batch, seen alone.
    init(_ plan: BatchPlan) {
        guard plan.extent == .whole, !plan.mayCommit else {
            self = Self.ofSingleCommit(plan)
            return
        }
        let isAlone = plan.statements == 1 && plan.statementClass.statementCount == 1
        self = !plan.rollsBack ? .none : isAlone && plan.statementClass.transaction == .rollback ? .rollback : .possible
    }

    private static func ofSingleCommit(_ plan: BatchPlan) -> TransactionEnding {
        let isAlone = plan.extent == .whole && plan.statements == 1 && plan.statementClass.statementCount == 1
        return isAlone && plan.statementClass.transaction == .commit ? .commit : .possible
    }
}
