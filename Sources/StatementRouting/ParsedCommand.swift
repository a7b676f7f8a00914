/// One statement of a text.
package struct ParsedCommand: Equatable, Sendable {
    package var command: SessionCommand
    /// The statement's bytes in the text, without the semicolon; space and comments in front of it may be included.
    package var range: Range<Int>

    package init(command: SessionCommand, range: Range<Int>) {
        self.command = command
        self.range = range
    }
}
