/// One `keyword=value` of a connection string.
struct ConninfoPair {
    let keyword: ConninfoKeyword
    let value: String
}
