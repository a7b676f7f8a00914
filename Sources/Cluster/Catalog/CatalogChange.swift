/// How many changes of a database's catalog its workers have told of: what a look that began later has seen.
package typealias CatalogChange = UInt64
