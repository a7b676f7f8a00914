/// Bounds of what connections may hold. Sizes in bytes.
package struct BufferSettings: Sendable, Equatable {
    package let receiveBufferSize: Int
    package let sendHighWater: Int
    /// Below `sendHighWater`.
    package let sendLowWater: Int
    package let clientBufferLimit: Int
    /// Of one client.
    package let notificationQueue: Int
    /// Of the whole process.
    package let bufferMemory: Int
    /// Of the length word, which counts itself, as in the protocol.
    package let maxMessageSize: Int
    package let maxStartupPacket: Int
    /// Expected replies outstanding on one server.
    package let maxPendingReplies: Int

    init(_ layers: SettingLayers) {
        receiveBufferSize = layers.size(.receiveBufferSize)
        sendHighWater = layers.size(.sendHighWater)
        sendLowWater = layers.size(.sendLowWater)
        clientBufferLimit = layers.size(.clientBufferLimit)
        notificationQueue = layers.size(.notificationQueue)
        bufferMemory = layers.size(.bufferMemory)
        maxMessageSize = layers.size(.maxMessageSize)
        maxStartupPacket = layers.size(.maxStartupPacket)
        maxPendingReplies = layers.integer(.maxPendingReplies)
    }
}
