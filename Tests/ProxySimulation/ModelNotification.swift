/// What NOTIFY sends when its transaction commits.
struct ModelNotification {
    let processID: UInt32
    let channel: String
    let payload: String
}
