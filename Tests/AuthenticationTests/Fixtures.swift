@testable import Authentication

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

func secret(_ text: String) -> Secret { Secret(bytes(text)) }
