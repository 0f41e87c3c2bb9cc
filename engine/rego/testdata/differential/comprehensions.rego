# Comprehensions: arrays in order, sets, objects, nested ones, over every kind of collection; and the string, number
# and object builtins inside them.
package comprehensions

import rego.v1

items := [item | some item in data.base.items]

by_kind := {kind: names |
	some item in data.base.items
	kind := item.kind
	names := {name | some other in data.base.items; other.kind == kind; name := other.name}
}

positions := {i: item.name | some i, item in data.base.items}

flat := [x | some row in input.matrix; some x in row]

products := [z | some x in input.numbers; some y in input.numbers; z := x * y]

quotients := [z | some x in input.numbers; some y in input.numbers; z := x / y]

remainders := [z | some x in input.numbers; some y in input.numbers; z := x % y]

rounded := [[round(x), ceil(x), floor(x), abs(x)] | some x in input.numbers]

differences := [z | some x in input.numbers; some y in input.numbers; z := (x - y) + 1]

lengths := {text: count(text) | some text in input.texts}

pieces := [split(text, "-") | some text in input.texts]

shapes := [[upper(text), trim(text, "a-"), substring(text, 1, 2), indexof(text, "-"), replace(text, "a", "bc")] |
	some text in input.texts
]

printed := [sprintf("%v|%s|%5v|%-6v|", [x, x, x, x]) | some x in input.texts]

numbered := [sprintf("%d:%v", [i, x]) | some i, x in input.numbers]

paths := [[path, value] | walk(input.tree, [path, value]); not is_object(value)]

leaves := {value | walk(input.tree, [_, value]); not is_object(value); not is_array(value)}

deep := {name: [[y | some y in x; y > 1] | some x in input.matrix] | some name in ["one", "two"]}

default total := "none"

total := sum([item.price | some item in data.base.items])

default cheapest := "none"

cheapest := min({item.price | some item in data.base.items})

default picked := "none"

picked := object.get(input.tree, ["a", 0], "missing")

default merged := "none"

merged := object.union(input.tree, data.base.overlay)

default sliced := "none"

sliced := array.slice(array.concat(flat, input.numbers), 1, 4)

decision := {
	"by_kind": by_kind,
	"cheapest": cheapest,
	"deep": deep,
	"differences": differences,
	"flat": flat,
	"items": count(items),
	"leaves": leaves,
	"lengths": lengths,
	"merged": merged,
	"numbered": numbered,
	"paths": paths,
	"picked": picked,
	"pieces": pieces,
	"positions": positions,
	"printed": printed,
	"products": products,
	"quotients": quotients,
	"remainders": remainders,
	"rounded": rounded,
	"shapes": shapes,
	"sliced": sliced,
	"total": total,
}

maybe := [x | some x in input.matrix[0]][1]
