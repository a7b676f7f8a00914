/// How a connect under way stands.
enum ConnectionProgress: Equatable {
    case waitingToRead
    case waitingToWrite
    case done
}
