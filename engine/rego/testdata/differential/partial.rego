# Partial rules: sets and objects built by many rules, keys of any kind, references in heads, rules picked by a
# computed name, functions that match on their arguments, and virtual documents above base ones.
package partial

import rego.v1

owners contains owner if some owner in data.base.owners

owners contains input.user if input.user != "nobody"

owners contains "root" if {
	some thing in data.base.things
	thing.level > 3
}

level[name] := thing.level if {
	some thing in data.base.things
	name := thing.name
	is_string(name)
	thing == first_named(name)
}

first_named(name) := [thing | some thing in data.base.things; thing.name == name][0]

index[thing.level] contains name if {
	some thing in data.base.things
	name := thing.name
}

tree[kind][name] := true if {
	some thing in data.base.things
	kind := thing.kind
	name := thing.name
}

reach.direct contains x if some x in data.base.edges[input.user]

reach.indirect contains y if {
	some x in reach.direct
	some y in data.base.edges[x]
	not y in reach.direct
}

reach.all := graph.reachable(data.base.edges, {input.user})

by_key[[x, y]] := z if {
	some x, row in input.matrix
	some y, z in row
}

handlers.read := "reading" if input.user in owners

handlers.write := sprintf("writing as %v", [input.user])

handlers.list contains name if some name, _ in level

picked := handlers[input.action]

label("admin", _) := "administrator"

label(name, 1) := concat(":", ["one", name]) if name != "admin"

label(name, n) := "many" if {
	n > 1
	name != "admin"
}

label([first, _], _) := first

labels := {name: text |
	some name, n in level
	text := label(name, n)
}

matched := x if {
	[x, "b", {"k": [_, x]}] = input.pattern
}

matched := "two" if {
	[_, "c"] = input.pattern
}

default out := "undefined"

out := picked

default match := "undefined"

match := matched

decision := {
	"by_key": by_key,
	"handlers": handlers,
	"index": index,
	"labels": labels,
	"level": level,
	"match": match,
	"out": out,
	"owners": owners,
	"pair": {x | x := label(input.pattern, 0)},
	"reach": reach,
	"tree": tree,
	"user": owners[input.user],
}

maybe := data.partial.handlers[input.action]
