import Testing

/// All suites of the module, one test after the other: each keeps a thread waiting while its loop works on another.
@Suite("EventIO", .serialized)
enum EventIOSuite {}
