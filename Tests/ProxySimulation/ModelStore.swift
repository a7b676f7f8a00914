/// The table that all nodes of a model cluster share: replication takes no time here, since routing by lag is not what is modelled.
package final class ModelStore {
    /// One statement that a node has carried out.
    package struct Execution {
        package let node: Int
        package let text: String
        package let values: [String]
    }

    package var values: [String: String] = [:]
    /// Writes by the value that they wrote: how often each was committed.
    package var commits: [String: Int] = [:]
    package var executions: [Execution] = []
    /// What must never be, in words.
    package var violations: [String] = []
    /// Texts whose execution a cancel request has ended.
    package var cancelled: [String] = []
    package var now: Int64 = 0

    /// Told what happens, for looking at one seed.
    package var trace: ((String) -> Void)?

    package init() {}
}
